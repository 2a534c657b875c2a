"""The price list: what a Kong stack is made of, at the public on-demand prices of two regions.

moto has no such service. As on AWS it answers in a few regions only, filters by attribute, and gives
each product as a JSON document within the JSON.
"""

import json
from typing import Any, Dict, Iterator, List, Tuple

from .price_table import PRODUCTS, REGIONS

_ANSWERED_IN = ("us-east-1", "eu-central-1", "ap-south-1")
_VERSION = "20261101000000"


def _refuse(code: str, message: str) -> Tuple[int, Dict[str, str], str]:
    return 400, {"Content-Type": "application/x-amz-json-1.1"}, json.dumps({"__type": code, "Message": message})


def _answer(request: Any, full_url: str, headers: Any) -> Tuple[int, Dict[str, str], str]:
    region = full_url.split("://", 1)[1].split(".")[1]
    if region not in _ANSWERED_IN:
        raise NotImplementedError(f"the price list has no endpoint in {region}")
    operation = str(headers.get("X-Amz-Target")).rpartition(".")[2]
    given = json.loads(request.get_data() or b"{}")
    act = {
        "GetProducts": _products,
        "DescribeServices": _services,
        "GetAttributeValues": _values,
    }.get(operation)
    if act is None:
        raise NotImplementedError(f"the price list does not know {operation}")
    try:
        shown = act(given)
    except KeyError:
        return _refuse("NotFoundException", f"Invalid service code: {given.get('ServiceCode')}")
    return 200, {"Content-Type": "application/x-amz-json-1.1"}, json.dumps(shown)


def _page(key: str, items: List[Any], given: Dict[str, Any]) -> Dict[str, Any]:
    start, size = int(given.get("NextToken") or 0), int(given.get("MaxResults") or 100)
    shown: Dict[str, Any] = {"FormatVersion": "aws_v1", key: items[start : start + size]}
    if start + size < len(items):
        shown["NextToken"] = str(start + size)
    return shown


def _of_service(code: str) -> Iterator[Dict[str, Any]]:
    for number, product in enumerate(PRODUCTS[code]):
        for region, (location, prefix) in REGIONS.items():
            attributes = {
                "servicecode": code, "location": location, "locationType": "AWS Region", "regionCode": region,
                **product.attributes, "usagetype": f"{prefix}{product.usage}",
            }  # fmt: skip
            sku = f"{code[:6].upper()}{number:04d}{region.replace('-', '').upper()}"
            yield {
                "product": {"productFamily": product.family, "attributes": attributes, "sku": sku},
                "serviceCode": code,
                "terms": {"OnDemand": {f"{sku}.JRTCKXETXF": _term(sku, product.unit, product.prices[region])}},
                "version": _VERSION,
                "publicationDate": "2026-11-01T00:00:00Z",
            }


def _term(sku: str, unit: str, price: str) -> Dict[str, Any]:
    code = f"{sku}.JRTCKXETXF.6YS6EN2CT7"
    dimension = {
        "rateCode": code, "unit": unit, "beginRange": "0", "endRange": "Inf", "appliesTo": [],
        "description": f"${price} per {unit}", "pricePerUnit": {"USD": price},
    }  # fmt: skip
    return {
        "priceDimensions": {code: dimension},
        "sku": sku,
        "effectiveDate": "2026-11-01T00:00:00Z",
        "offerTermCode": "JRTCKXETXF",
        "termAttributes": {},
    }


def _products(given: Dict[str, Any]) -> Dict[str, Any]:
    found = [
        document
        for document in _of_service(given["ServiceCode"])
        if all(_matches(document["product"], wanted) for wanted in given.get("Filters") or [])
    ]
    return _page("PriceList", [json.dumps(document) for document in found], given)


def _matches(product: Dict[str, Any], wanted: Dict[str, Any]) -> bool:
    values = {**product["attributes"], "productFamily": product["productFamily"], "sku": product["sku"]}
    value, text = str(values.get(wanted["Field"], "")).lower(), str(wanted["Value"]).lower()
    kind = wanted.get("Type", "TERM_MATCH")
    if kind == "CONTAINS":
        return text in value
    if kind in ("ANY_OF", "NONE_OF"):
        return (value in text.split(",")) == (kind == "ANY_OF")
    return (value == text) == (kind != "EQUALS_NOT")


def _services(given: Dict[str, Any]) -> Dict[str, Any]:
    codes = [given["ServiceCode"]] if given.get("ServiceCode") else sorted(PRODUCTS)
    names = [
        {"ServiceCode": code, "AttributeNames": sorted({n for d in _of_service(code) for n in d["product"]["attributes"]})}
        for code in codes
    ]
    return _page("Services", names, given)


def _values(given: Dict[str, Any]) -> Dict[str, Any]:
    name = given["AttributeName"]
    found = {d["product"]["attributes"].get(name) for d in _of_service(given["ServiceCode"])}
    return _page("AttributeValues", [{"Value": value} for value in sorted(v for v in found if v)], given)


url_paths = {"{0}/$": _answer}
