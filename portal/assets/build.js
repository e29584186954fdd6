// Builds portal/static/build/ from portal/assets/: one stylesheet, one script, htmx and the images.
import { cp, mkdir, rm, watch, writeFile } from 'node:fs/promises'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { compile } from 'sass'

const source = 'portal/assets'
const target = 'portal/static/build'

async function styles() {
  const { css } = compile(`${source}/scss/app.scss`, {
    loadPaths: ['.', 'node_modules'],
    style: 'compressed',
    quietDeps: true,
  })
  await writeFile(`${target}/app.css`, css)
  return css
}

async function script() {
  const { outputFiles } = await build({
    entryPoints: [`${source}/js/app.js`],
    bundle: true,
    minify: true,
    legalComments: 'none',
    format: 'esm',
    target: 'es2017',
    write: false,
  })
  await writeFile(`${target}/app.js`, outputFiles[0].text)
  return outputFiles[0].text
}

const kib = (text) => `${(gzipSync(text, { level: 9 }).length / 1024).toFixed(1)} KiB compressed`

async function all() {
  await rm(target, { recursive: true, force: true })
  await mkdir(target, { recursive: true })
  await cp('node_modules/htmx.org/dist/htmx.min.js', `${target}/htmx.min.js`)
  await cp(`${source}/images`, target, { recursive: true })
  console.log(`app.css ${kib(await styles())}, app.js ${kib(await script())}`)
}

await all()
if (process.argv.includes('--watch')) {
  for await (const _change of watch(source, { recursive: true })) {
    await all().catch((error) => console.error(error.message))
  }
}
