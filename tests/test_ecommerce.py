"""Segment's e-commerce events: what each call sends, what it takes, and what the validator says of an event."""

import inspect
import json
import subprocess
import sys
import types
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry._logs import _internal as logs_api
from opentelemetry._logs import set_logger_provider
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.util._once import Once
from running import unmeasured
from typing_extensions import get_type_hints

from otel_segment import SegmentLogRecordProcessor, _log, analytics, ecommerce, use_visitor
from otel_segment._ecommerce_spec import EVENTS, PRODUCT, Kind
from otel_segment.ecommerce import Product
from otel_segment.ecommerce._arguments import AnyCall
from otel_segment.emit import _refusals
from otel_segment.inspector import LocalEndpoint
from otel_segment.mapping import ecommerce_flaws as flaws

SHOWN = {
    "product_id": "507f1f77",
    "sku": "G-32",
    "category": "Games",
    "name": "Monopoly: 3rd Edition",
    "brand": "Hasbro",
    "variant": "200 pieces",
    "price": 18.99,
    "url": "https://www.example.com/product/path",
    "image_url": "https://www.example.com/product/path.jpg",
}
BOUGHT = {**SHOWN, "quantity": 1, "coupon": "MAYDEALS", "position": 3}
PRODUCTS = [{"product_id": "507f1f77", "sku": "45790-32", "price": 19, "quantity": 1}, {"product_id": "505bd767"}]
PROMOTION = {"promotion_id": "promo_1", "creative": "top_banner_2", "name": "Sale", "position": "home_banner_top"}
STEP = {"checkout_id": "50314b8e", "step": 2, "shipping_method": "Fedex", "payment_method": "Visa"}
WISH = {"wishlist_id": "skdjsid", "wishlist_name": "Loved Games", **BOUGHT}
ORDER = {
    "order_id": "50314b8e",
    "affiliation": "Google Store",
    "revenue": 25.5,
    "shipping": 3,
    "tax": 2,
    "discount": 2.5,
    "coupon": "hasbros",
    "currency": "USD",
    "products": PRODUCTS,
}
COUPON = {"order_id": "50314b8e", "cart_id": "92392392", "coupon_id": "may_deals_2016"}
NAMED = {**COUPON, "coupon_name": "May Deals 2016", "discount": 23.32}
SHARE = {"share_via": "email", "share_message": "Hey, check out this item", "recipient": "friend@example.com"}

# Written down from the specification's tables a second time, so that a slip in one of the two shows.
SPECIFIED: dict[str, dict[str, Any]] = {
    "Products Searched": {"query": "blue roses"},
    "Product List Viewed": {"list_id": "hot_deals_1", "category": "Deals", "products": PRODUCTS},
    "Product List Filtered": {
        "list_id": "todays_deals",
        "category": "Beauty",
        "filters": [{"type": "department", "value": "beauty"}, {"type": "price", "value": "under-$25"}],
        "sorts": [{"type": "price", "value": "desc"}],
        "products": PRODUCTS,
    },
    "Promotion Viewed": PROMOTION,
    "Promotion Clicked": PROMOTION,
    "Product Clicked": BOUGHT,
    "Product Viewed": {**BOUGHT, "currency": "usd", "value": 18.99},
    "Product Added": {**BOUGHT, "cart_id": "skdjsidj"},
    "Product Removed": {**BOUGHT, "cart_id": "ksjdj92d"},
    "Cart Viewed": {"cart_id": "d92jd29j", "products": PRODUCTS},
    "Checkout Started": {**ORDER, "value": 30},
    "Checkout Step Viewed": STEP,
    "Checkout Step Completed": STEP,
    "Payment Info Entered": {**STEP, "order_id": "dkfsjidf"},
    "Order Updated": {**ORDER, "total": 27.5},
    "Order Completed": {**ORDER, "checkout_id": "fksdjfsd", "subtotal": 22.5, "total": 27.5},
    "Order Refunded": {"order_id": "50314b8e", "total": 30, "currency": "USD", "products": PRODUCTS},
    "Order Cancelled": {**ORDER, "total": 30},
    "Coupon Entered": COUPON,
    "Coupon Applied": NAMED,
    "Coupon Denied": {**COUPON, "coupon_name": "May Deals 2016", "reason": "Coupon expired"},
    "Coupon Removed": NAMED,
    "Product Added to Wishlist": WISH,
    "Product Removed from Wishlist": WISH,
    "Wishlist Product Added to Cart": {**WISH, "cart_id": "99j2d92j"},
    "Product Shared": {**SHOWN, **SHARE},
    "Cart Shared": {**SHARE, "cart_id": "d92jd29j", "products": PRODUCTS},
    "Product Reviewed": {"product_id": "507f1f77", "review_id": "kdfjrj39", "review_body": "I love it", "rating": "5"},
}

Arrived = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def arrived(monkeypatch: pytest.MonkeyPatch) -> Iterator[Arrived]:
    """The messages at an endpoint that the SDK's provider delivers to, once all of them are there."""
    monkeypatch.setattr(logs_api, "_LOGGER_PROVIDER", None)
    monkeypatch.setattr(logs_api, "_LOGGER_PROVIDER_SET_ONCE", Once())
    monkeypatch.setattr(_log, "_last_said", {})
    monkeypatch.setattr(_refusals, "_counts", {})
    with LocalEndpoint(write_key="k") as endpoint:
        processor = SegmentLogRecordProcessor(write_key="k", endpoint=endpoint.url, mapping={"validate": "ecommerce"})
        provider = LoggerProvider(shutdown_on_exit=False)
        provider.add_log_record_processor(processor)
        set_logger_provider(provider)

        def messages() -> list[dict[str, Any]]:
            assert processor.force_flush(30_000)
            assert all(not event.problems for event in endpoint.received)
            return endpoint.received.messages

        yield messages
        provider.shutdown()


def call(event: str) -> Callable[..., None]:
    """Return the call for an event: its name in the style of Python."""
    found: Callable[..., None] = getattr(analytics.ecommerce, event.lower().replace(" ", "_"))
    return found


def arguments(event: str) -> dict[str, tuple[Any, bool]]:
    """Return the arguments of a call that are properties, with their types, and whether they must be given."""
    hints = get_type_hints(call(event), {"Decimal": Decimal, "date": date})
    parameters = inspect.signature(call(event)).parameters
    own = {
        name: (hints[name], parameter.default is parameter.empty)
        for name, parameter in parameters.items()
        if name != "more"
    }
    (shared,) = get_args(hints["more"])
    names = {"Decimal": Decimal, "date": date}
    more = {name: (kind, False) for name, kind in get_type_hints(shared, localns=names).items()}
    return own | {name: value for name, value in more.items() if name not in AnyCall.__annotations__}


class TestSpecification:
    """The table, against what is written down here."""

    def test_properties(self) -> None:
        """Every event has exactly the properties of the specification."""
        assert {name: set(event.properties) for name, event in EVENTS.items()} == {
            name: set(properties) for name, properties in SPECIFIED.items()
        }

    def test_product(self) -> None:
        """A product has the properties of the specification, and ``Product`` has their names."""
        fields = set(inspect.signature(Product).parameters)

        assert set(PRODUCT) == set(BOUGHT) == fields - {"properties"}

    @pytest.mark.parametrize("event", SPECIFIED)
    def test_examples_are_right(self, event: str) -> None:
        """The specification's own examples have no flaw."""
        assert flaws(event, SPECIFIED[event]) == []

    def test_names(self) -> None:
        """Each event has a constant of its own, which the module hands out."""
        constants = {name: value for name, value in vars(ecommerce).items() if name.isupper()}

        assert sorted(constants.values()) == sorted(SPECIFIED)
        assert all(value.upper().replace(" ", "_") == name for name, value in constants.items())


class TestCalls:
    """What the calls send."""

    @pytest.mark.parametrize("event", SPECIFIED)
    def test_everything(self, arrived: Arrived, event: str) -> None:
        """A call with every property arrives under the specification's name, with these properties and no others."""
        call(event)(user_id="u-1", **SPECIFIED[event])

        (message,) = arrived()
        assert (message["type"], message["event"], message["userId"]) == ("track", event, "u-1")
        assert message["properties"] == SPECIFIED[event]

    @pytest.mark.parametrize("event", SPECIFIED)
    def test_what_is_required(self, arrived: Arrived, event: str) -> None:
        """A call with nothing but what is required arrives with nothing else."""
        least = {name: SPECIFIED[event][name] for name in EVENTS[event].required}

        call(event)(user_id="u-1", **least)

        (message,) = arrived()
        assert message["properties"] == least

    @pytest.mark.parametrize("event", SPECIFIED)
    def test_signatures(self, event: str) -> None:
        """A call takes the properties of its event, requires what the event cannot lack, and has the right types."""
        found = arguments(event)
        required = {name for name, (_, is_required) in found.items() if is_required}
        kinds = {name: kind for name, (kind, _) in found.items()}

        assert set(found) == set(EVENTS[event].properties)
        assert required == set(EVENTS[event].required)
        for name, kind in EVENTS[event].properties.items():
            options = set(get_args(kinds[name]) or (kinds[name],)) - {types.NoneType}
            if kind is Kind.NUMBER:
                assert options == {float, Decimal}
            elif kind in {Kind.TEXT, Kind.CURRENCY}:
                assert options == {str}
            else:
                assert name in {"query", "filters", "sorts", "products"}

    def test_common_arguments(self, arrived: Arrived) -> None:
        """What ``track()`` takes besides is taken, and has the same meaning."""
        ecommerce.order_completed(
            order_id="o-1",
            properties={"gift": True, "order_id": "another"},
            anonymous_id="a-1",
            context={"ip": "203.0.113.7"},
            timestamp="2026-01-02T03:04:05Z",
            integrations={"All": False},
            message_id="m-1",
        )

        (message,) = arrived()
        assert message["properties"] == {"gift": True, "order_id": "o-1"}
        assert message["anonymousId"] == "a-1"
        assert message["context"]["ip"] == "203.0.113.7"
        assert message["timestamp"] == "2026-01-02T03:04:05.000Z"
        assert message["integrations"] == {"All": False}
        assert message["messageId"] == "m-1"

    def test_common_arguments_are_those_of_track(self) -> None:
        """All of what ``track()`` takes can be given, but for the name."""
        assert set(AnyCall.__annotations__) == set(inspect.signature(analytics.track).parameters) - {"event"}

    def test_products(self, arrived: Arrived) -> None:
        """Products may be of our type or maps, in any iterable; what is not known of them is left out."""
        ecommerce.cart_viewed(
            user_id="u-1",
            products=(
                product
                for product in (
                    Product(product_id="p-1", price=12.0, quantity=2, properties={"size": "L", "price": 1}),
                    {"product_id": "p-2", "price": Decimal("0.1")},
                )
            ),
        )

        (message,) = arrived()
        assert message["properties"]["products"] == [
            {"product_id": "p-1", "price": 12, "quantity": 2, "size": "L"},
            {"product_id": "p-2", "price": 0.1},
        ]

    @pytest.mark.parametrize(
        ("given", "sent"),
        [(42, 42), (42.5, 42.5), (Decimal("42.50"), 42.5), (Decimal(10) / 3, 10 / 3), (Decimal("NaN"), None)],
    )
    def test_numbers(self, arrived: Arrived, given: Any, sent: float | None) -> None:
        """Money leaves as a number, however it is given; what is no number is null."""
        ecommerce.order_completed(
            user_id="u-1", order_id="o-1", revenue=given, products=[Product(product_id="p-1", price=given)]
        )

        (message,) = arrived()
        assert message["properties"]["revenue"] == sent
        assert message["properties"]["products"] == [{"product_id": "p-1", "price": sent}]

    def test_nothing_is_changed(self, arrived: Arrived) -> None:
        """What a call is given is not changed."""
        products = [{"product_id": "p-1", "price": Decimal(1)}]
        properties = {"gift": True}

        ecommerce.cart_viewed(user_id="u-1", products=products, properties=properties)

        assert arrived()
        assert (products, properties) == ([{"product_id": "p-1", "price": Decimal(1)}], {"gift": True})

    @pytest.mark.parametrize("products", [7, "p-1", {"product_id": "p-1"}, [7, None], object()])
    def test_wrong_products(self, arrived: Arrived, products: Any) -> None:
        """Products that are none raise nothing, and the event is sent all the same."""
        ecommerce.cart_viewed(user_id="u-1", products=products)

        (message,) = arrived()
        assert "products" in message["properties"]

    def test_products_that_fail(self, arrived: Arrived) -> None:
        """Of products that fail in the middle those are sent that came before."""

        def products() -> Iterator[Product]:
            yield Product(product_id="p-1")
            raise OSError

        ecommerce.cart_viewed(user_id="u-1", products=products())

        (message,) = arrived()
        assert message["properties"] == {"products": [{"product_id": "p-1"}]}

    def test_endless_products(self, arrived: Arrived) -> None:
        """A call comes back from products without end."""
        ecommerce.cart_viewed(user_id="u-1", products=iter(lambda: {"product_id": "p-1"}, None))
        ecommerce.cart_viewed(user_id="u-1")

        assert [message["properties"] for message in arrived()] == [{}]

    def test_refusal(self, arrived: Arrived, monkeypatch: pytest.MonkeyPatch) -> None:
        """What ``track()`` refuses is refused here: counted by default, raised where ``strict`` is on."""
        wrong: Any = ["gift"]
        ecommerce.cart_viewed(user_id="u-1", properties=wrong)

        assert analytics.refused() == {"invalid_argument": 1}
        monkeypatch.setattr(analytics, "strict", True)
        with pytest.raises(ValueError, match="properties was of the type list"):
            ecommerce.cart_viewed(user_id="u-1", properties=wrong)
        assert arrived() == []

    def test_unknown_argument(self, arrived: Arrived) -> None:
        """A mistyped argument is the mistake that it is in any call of Python."""
        mistyped: dict[str, Any] = {"revenu": 1}

        with pytest.raises(TypeError, match="unexpected keyword argument 'revenu'"):
            ecommerce.order_completed(order_id="o-1", **mistyped)

    def test_visitor(self, arrived: Arrived) -> None:
        """Who acts may come from the visitor."""
        with use_visitor(user_id="u-7"):
            ecommerce.order_completed(order_id="o-1")

        assert arrived()[0]["userId"] == "u-7"


def run(code: str) -> str:
    """Run a program of its own and return what it printed."""
    command = [sys.executable, "-c", code]
    # What measures coverage loads more than the program does.
    done = subprocess.run(command, env=unmeasured(), capture_output=True, text=True, timeout=180, check=True)
    return done.stdout.strip()


class TestImport:
    """When the calls are loaded, and what with them."""

    def test_lazy(self) -> None:
        """Code that uses other calls alone does not load these, nor what makes dataclasses."""
        code = (
            "import sys; from otel_segment import analytics; analytics.track('u', 'E')\n"
            "print([name for name in ('otel_segment.ecommerce', 'dataclasses') if name in sys.modules])"
        )

        assert run(code) == "[]"

    def test_light(self) -> None:
        """The calls load neither the SDK nor what conversion needs."""
        heavy = ["opentelemetry.sdk", "requests", "msgspec", "urllib3", "datetime", "decimal"]
        code = (
            "import sys; before = set(sys.modules); from otel_segment import ecommerce\n"
            "ecommerce.order_completed(order_id='o', products=[ecommerce.Product(product_id='p')])\n"
            f"print([name for name in {heavy} if name in sys.modules.keys() - before])"
        )

        assert run(code) == "[]"

    def test_one_module(self) -> None:
        """``analytics.ecommerce`` is the module, and no other name is made up."""
        assert analytics.ecommerce is ecommerce
        with pytest.raises(AttributeError, match="has no attribute 'ecomerce'"):
            _ = analytics.ecomerce  # type: ignore[attr-defined]


VALUES: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, 7, 1.5, "", "EUR", "text", [], {}, [None], [7], [[]], [{}], [{"price": "x", "sku": 1}], {"type": 1}]
)
NAMES = sorted({name for event in EVENTS.values() for name in event.properties})


class TestFlaws:
    """What the validator says."""

    @pytest.mark.parametrize(
        ("event", "properties", "expected"),
        [
            (
                "Order Completed",
                {},
                ["order_id is missing", "products is missing: all items of the cart or order are wanted"],
            ),
            ("Order Completed", {"order_id": "", "products": []}, ["order_id is missing"]),
            ("Order Completed", {"order_id": 7, "products": []}, ["order_id is a number, wanted: a text"]),
            ("Coupon Applied", {"coupon_id": "c", "discount": "5"}, ["discount is a text, wanted: a number"]),
            ("Coupon Applied", {"coupon_id": "c", "discount": True}, ["discount is a boolean, wanted: a number"]),
            ("Cart Viewed", {"products": {}}, ["products is a map, wanted: a list of products"]),
            ("Cart Viewed", {"products": ["p"]}, ["products[0] is a text, wanted: a map"]),
            ("Cart Viewed", {"products": [{"sku": "s"}, {"price": 1}]}, ["products[1] has neither product_id nor sku"]),
            (
                "Cart Viewed",
                {"products": [{"sku": "s", "price": "1"}] * 1_000},
                ["products[0].price is a text, wanted: a number"],
            ),
            ("Product Viewed", {"sku": "s"}, []),
            ("Product Viewed", {"name": "n"}, ["product_id is missing"]),
            ("Product Viewed", {"sku": "s", "currency": "eur"}, []),
            (
                "Product Viewed",
                {"sku": "s", "currency": "EURO"},
                ["currency is a text of another form, wanted: a text of three letters"],
            ),
            (
                "Product Viewed",
                {"sku": "s", "currency": 978},
                ["currency is a number, wanted: a text of three letters"],
            ),
            ("Products Searched", {"query": {"text": "roses"}}, []),
            ("Products Searched", {"query": 1}, ["query is a number, wanted: a text or a map"]),
            (
                "Product List Filtered",
                {"filters": [{"type": "price"}, 1], "sorts": "price"},
                [
                    "filters[0].value is missing",
                    "filters[1] is a number, wanted: a map",
                    "sorts is a text, wanted: a list of maps with type and value",
                ],
            ),
            ("Product Reviewed", {"product_id": "p", "rating": 5}, ["rating is a number, wanted: a text"]),
            ("Product Reviewed", {"product_id": "p", "rating": None, "own": object()}, []),
            (
                "Cart Viewed",
                {"products": ({"sku": "s"},), "cart_id": b"c"},
                ["cart_id is of the type bytes, wanted: a text"],
            ),
            ("Signed Up", {"revenue": "a lot"}, []),
            ("", {}, []),
        ],
    )
    def test_flaws(self, event: str, properties: dict[str, Any], expected: list[str]) -> None:
        """What is missing or of the wrong type is told, and nothing else."""
        assert sorted(flaws(event, properties)) == sorted(expected)

    @pytest.mark.parametrize(
        ("near", "meant"),
        [
            ("Completed Order", "Order Completed"),
            ("Viewed Product", "Product Viewed"),
            ("Added Product", "Product Added"),
            ("Removed Product", "Product Removed"),
            ("Viewed Product Category", "Product List Viewed"),
            ("Viewed Promotion", "Promotion Viewed"),
            ("Started Order", "Checkout Started"),
            ("Viewed Checkout Step", "Checkout Step Viewed"),
            ("Order Canceled", "Order Cancelled"),
            ("order completed", "Order Completed"),
            ("ORDER_COMPLETED", "Order Completed"),
            ("orderCompleted", "Order Completed"),
            (" Order  Completed ", "Order Completed"),
        ],
    )
    def test_near_misses(self, near: str, meant: str) -> None:
        """A name that is nearly one of the specification, or was one, is told with the right one."""
        assert flaws(near, {}) == [f"the event should be named {meant!r}"]

    def test_told(self, arrived: Arrived, caplog: pytest.LogCaptureFixture) -> None:
        """Where the mapping asks for it, flaws of an event are told in the log, and the event is sent all the same."""
        call("Order Completed")(user_id="u-1", order_id="o-1", revenue="12.50", products=[{"product_id": "p-1"}])

        assert [message["properties"]["revenue"] for message in arrived()] == ["12.50"]
        (line,) = [record.getMessage() for record in caplog.records if record.name == "otel_segment"]
        assert "'Order Completed'" in line
        assert line.endswith(": revenue is a text, wanted: a number")

    def test_correct_events_are_not_told(self, arrived: Arrived, caplog: pytest.LogCaptureFixture) -> None:
        """The specification's own examples, as they come through the SDK, are told of nowhere."""
        for event, properties in SPECIFIED.items():
            call(event)(user_id="u-1", **properties)

        assert len(arrived()) == len(SPECIFIED)
        assert [record.getMessage() for record in caplog.records if record.name == "otel_segment"] == []

    @given(
        event=st.sampled_from(sorted(EVENTS)), properties=st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=6)
    )
    def test_anything(self, event: str, properties: dict[str, Any]) -> None:
        """Whatever the properties are, the validator raises nothing, changes nothing, and repeats no value."""
        before = json.dumps(properties)

        found = flaws(event, {**properties, "own": "a-private-value", "category": ["a-private-value"]})

        assert "a-private-value" not in " ".join(found)
        assert len(found) == len(set(found))
        assert json.dumps(properties) == before
