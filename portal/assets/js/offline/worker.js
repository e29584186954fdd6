// Keeps the page of the last visit, so that it opens without a network; with one, the newest page comes first.
const page = '/verify/offline/'
const store = 'verify-offline'

self.addEventListener('install', (event) => {
  event.waitUntil(caches.open(store).then((cache) => cache.add(page)))
})

self.addEventListener('fetch', (event) => {
  if (new URL(event.request.url).pathname === page) event.respondWith(newest(event.request))
})

async function newest(request) {
  const cache = await caches.open(store)
  try {
    const response = await fetch(request)
    if (response.ok) await cache.put(page, response.clone())
    return response
  } catch {
    return cache.match(page)
  }
}
