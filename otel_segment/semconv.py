"""The attribute names that are read and written here.

A name comes from the OpenTelemetry semantic conventions (1.44) where one exists. What has no name there is ours
and begins with ``analytics.``, which means nothing to Segment alone: any exporter may read it.
"""

from typing import Final

# The call and what it carries: our own names.
ANALYTICS_TYPE: Final = "analytics.type"
ANALYTICS_NAME: Final = "analytics.name"
ANALYTICS_CATEGORY: Final = "analytics.category"
ANALYTICS_ANONYMOUS_ID: Final = "analytics.anonymous_id"
ANALYTICS_PREVIOUS_ID: Final = "analytics.previous_id"
ANALYTICS_GROUP_ID: Final = "analytics.group.id"
ANALYTICS_PARENT_EVENT_ID: Final = "analytics.parent_event_id"

# Maps; each key may stand alone as ``<name>.<key>`` where attributes are flat.
ANALYTICS_PROPERTIES: Final = "analytics.properties"
ANALYTICS_TRAITS: Final = "analytics.traits"
ANALYTICS_GROUP_TRAITS: Final = "analytics.group.traits"
ANALYTICS_INTEGRATIONS: Final = "analytics.integrations"
ANALYTICS_CONSENT: Final = "analytics.consent"
ANALYTICS_CONTEXT: Final = "analytics.context"
ANALYTICS_CAMPAIGN: Final = "analytics.campaign"
ANALYTICS_REFERRER: Final = "analytics.referrer"
ANALYTICS_APP: Final = "analytics.app"
ANALYTICS_DEVICE: Final = "analytics.device"
ANALYTICS_SCREEN: Final = "analytics.screen"

# Single fields of Segment's context without a convention.
ANALYTICS_PAGE_TITLE: Final = "analytics.page.title"
ANALYTICS_PAGE_REFERRER: Final = "analytics.page.referrer"
ANALYTICS_LOCALE: Final = "analytics.locale"
ANALYTICS_TIMEZONE: Final = "analytics.timezone"
ANALYTICS_ACTIVE: Final = "analytics.active"
ANALYTICS_CHANNEL: Final = "analytics.channel"
ANALYTICS_NETWORK_BLUETOOTH: Final = "analytics.network.bluetooth"

# The record itself.
EVENT_NAME: Final = "event.name"
LOG_RECORD_UID: Final = "log.record.uid"

# Who.
USER_ID: Final = "user.id"
USER_EMAIL: Final = "user.email"
USER_FULL_NAME: Final = "user.full_name"
USER_NAME: Final = "user.name"
USER_ROLES: Final = "user.roles"
ENDUSER_ID: Final = "enduser.id"
ENDUSER_PSEUDO_ID: Final = "enduser.pseudo.id"
SESSION_ID: Final = "session.id"

# The application and the service.
APP_INSTALLATION_ID: Final = "app.installation.id"
APP_BUILD_ID: Final = "app.build_id"
APP_SCREEN_ID: Final = "app.screen.id"
APP_SCREEN_NAME: Final = "app.screen.name"
SERVICE_NAME: Final = "service.name"
SERVICE_VERSION: Final = "service.version"

# The person's browser, device and system.
BROWSER_BRANDS: Final = "browser.brands"
BROWSER_LANGUAGE: Final = "browser.language"
BROWSER_MOBILE: Final = "browser.mobile"
BROWSER_PLATFORM: Final = "browser.platform"
BROWSER_DOCUMENT_URL_FULL: Final = "browser.document.url.full"
DEVICE_ID: Final = "device.id"
DEVICE_MANUFACTURER: Final = "device.manufacturer"
DEVICE_MODEL_IDENTIFIER: Final = "device.model.identifier"
DEVICE_MODEL_NAME: Final = "device.model.name"
GEO_COUNTRY_ISO_CODE: Final = "geo.country.iso_code"
GEO_LOCALITY_NAME: Final = "geo.locality.name"
GEO_LOCATION_LAT: Final = "geo.location.lat"
GEO_LOCATION_LON: Final = "geo.location.lon"
GEO_REGION_ISO_CODE: Final = "geo.region.iso_code"
NETWORK_CARRIER_NAME: Final = "network.carrier.name"
NETWORK_CONNECTION_TYPE: Final = "network.connection.type"
OS_NAME: Final = "os.name"
OS_TYPE: Final = "os.type"
OS_VERSION: Final = "os.version"
USER_AGENT_ORIGINAL: Final = "user_agent.original"
USER_AGENT_OS_NAME: Final = "user_agent.os.name"
USER_AGENT_OS_VERSION: Final = "user_agent.os.version"

# The request, under the stable names.
CLIENT_ADDRESS: Final = "client.address"
HTTP_ROUTE: Final = "http.route"
NETWORK_PEER_ADDRESS: Final = "network.peer.address"
SERVER_ADDRESS: Final = "server.address"
SERVER_PORT: Final = "server.port"
URL_DOMAIN: Final = "url.domain"
URL_FRAGMENT: Final = "url.fragment"
URL_FULL: Final = "url.full"
URL_PATH: Final = "url.path"
URL_PORT: Final = "url.port"
URL_QUERY: Final = "url.query"
URL_SCHEME: Final = "url.scheme"

# The request, under the names from before the conventions for HTTP were stable.
HTTP_CLIENT_IP: Final = "http.client_ip"
HTTP_HOST: Final = "http.host"
HTTP_SCHEME: Final = "http.scheme"
HTTP_SERVER_NAME: Final = "http.server_name"
HTTP_TARGET: Final = "http.target"
HTTP_URL: Final = "http.url"
HTTP_USER_AGENT: Final = "http.user_agent"
NET_HOST_NAME: Final = "net.host.name"
NET_HOST_PORT: Final = "net.host.port"
NET_PEER_IP: Final = "net.peer.ip"
NET_SOCK_PEER_ADDR: Final = "net.sock.peer.addr"

HTTP_REQUEST_HEADER_PREFIX: Final = "http.request.header."
