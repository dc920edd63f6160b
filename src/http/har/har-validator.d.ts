declare module 'har-validator/lib/async.js' {
  interface HarFault {
    readonly dataPath: string
    readonly message?: string
  }
  type Callback = (error: { readonly errors: readonly HarFault[] } | null, valid?: boolean) => void
  export function entry(value: unknown, callback: Callback): void
  export function har(value: unknown, callback: Callback): void
}
