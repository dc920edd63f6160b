/** The version of this program, as reports and `--version` say it; a test holds it equal to package.json. */
export const VERSION = '0.1.0'
