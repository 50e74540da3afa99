// Each call once, as the libraries for Node take them.

export function send(analytics) {
  analytics.identify({ userId: 'u-1', traits: { email: 'ada@example.com' } })
  analytics.track({ userId: 'u-1', event: 'Order Completed', properties: { revenue: 19.99 } })
  analytics.page({ userId: 'u-1', category: 'Docs', name: 'Mug', properties: { url: 'https://shop.example.com/' } })
  analytics.screen({ userId: 'u-1', category: 'Docs', name: 'Basket' })
  analytics.group({ userId: 'u-1', groupId: 'g-1', traits: { name: 'Initech' } })
  analytics.alias({ previousId: 'a-1', userId: 'u-1' })
}
