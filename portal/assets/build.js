// Builds portal/static/build/ from portal/assets/: one stylesheet, one script, htmx, the images, what the page for checks
// without a network holds inside itself, and the licences of what others wrote.
import { cp, mkdir, readdir, readFile, rm, watch, writeFile } from 'node:fs/promises'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { compile } from 'sass'

const source = 'portal/assets'
const target = 'portal/static/build'

async function styles(name) {
  const { css } = compile(`${source}/scss/${name}.scss`, {
    loadPaths: ['.', 'node_modules'],
    style: 'compressed',
    quietDeps: true,
  })
  await writeFile(`${target}/${name}.css`, css)
  return css
}

async function script(entry, name, options) {
  const { outputFiles } = await build({
    entryPoints: [`${source}/js/${entry}`],
    bundle: true,
    minify: true,
    legalComments: 'none',
    write: false,
    ...options,
  })
  await writeFile(`${target}/${name}`, outputFiles[0].text)
  return outputFiles[0].text
}

// The licences of all that is built in, which go where it goes.
async function licences() {
  const { dependencies } = JSON.parse(await readFile('package.json', 'utf8'))
  const texts = await Promise.all(Object.keys(dependencies).sort().map(async (name) => {
    const about = JSON.parse(await readFile(`node_modules/${name}/package.json`, 'utf8'))
    const file = (await readdir(`node_modules/${name}`)).find((each) => /^(licen[cs]e|copying)/i.test(each))
    const head = `${name} ${about.version}\n${[about.license, about.homepage].filter(Boolean).join(', ')}\n`
    return file ? `${head}\n${(await readFile(`node_modules/${name}/${file}`, 'utf8')).trim()}\n` : head
  }))
  await writeFile(`${target}/licences.txt`, texts.join(`\n${'-'.repeat(72)}\n\n`))
}

const kib = (text) => `${(gzipSync(text, { level: 9 }).length / 1024).toFixed(1)} KiB compressed`

async function all() {
  await rm(target, { recursive: true, force: true })
  await mkdir(target, { recursive: true })
  await cp('node_modules/htmx.org/dist/htmx.min.js', `${target}/htmx.min.js`)
  await cp(`${source}/images`, target, { recursive: true })
  await licences()
  const { version } = JSON.parse(await readFile('node_modules/jsqr/package.json', 'utf8'))
  const banner = { js: `/*! Contains jsQR ${version}, https://github.com/cozmo/jsQR, Apache License 2.0: see licences.txt */` }
  const offline = { format: 'iife', target: 'es2022', charset: 'ascii' }
  await styles('offline')
  await script('offline/worker.js', 'offline-worker.js', offline)
  console.log(
    `app.css ${kib(await styles('app'))}, app.js ${kib(await script('app.js', 'app.js', { format: 'esm', target: 'es2017' }))}`,
    `offline.js ${kib(await script('offline/page.js', 'offline.js', { ...offline, banner }))}`,
  )
}

await all()
if (process.argv.includes('--watch')) {
  for await (const _change of watch(source, { recursive: true })) {
    await all().catch((error) => console.error(error.message))
  }
}
