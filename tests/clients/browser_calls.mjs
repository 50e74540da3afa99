// Each call once, as analytics.js takes them, one after the other.

export async function send(analytics) {
  await analytics.identify('u-1', { email: 'ada@example.com' })
  await analytics.track('Order Completed', { revenue: 19.99 })
  await analytics.page('Docs', 'Mug', { url: 'https://shop.example.com/' })
  await analytics.screen('Docs', 'Basket')
  await analytics.group('g-1', { name: 'Initech' })
  await analytics.alias('u-1', 'a-1')
}
