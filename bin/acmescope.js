#!/usr/bin/env node
const { openBundle } = require('./bundle.js')

const argv = process.argv.slice(2)
openBundle(argv)
  .commandLine.run(argv)
  .then((status) => {
    process.exitCode = status
  })
