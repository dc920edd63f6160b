/** What a piece of text means; how that looks is decided by whoever knows the terminal. */
export type StyleName = 'good' | 'bad' | 'warn' | 'quiet' | 'strong'
export type Styles = Readonly<Record<StyleName, (text: string) => string>>

const same = (text: string): string => text

/** No colour at all: files, pipes, NO_COLOR. */
export const PLAIN_STYLES: Styles = { good: same, bad: same, warn: same, quiet: same, strong: same }
