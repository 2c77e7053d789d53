"""llama.cpp writes no whitespace but that of the schema, so that answers stay within their room."""

import json

import httpx
import pytest

from commissure.hal.local_server import local_server
from commissure.scenarios.tool_calling.records.documents import documents
from commissure.scenarios.tool_calling.records.family import SEPARATORS

pytestmark = pytest.mark.local


def test_whitespace_is_fixed_by_the_schema() -> None:
    (record,) = documents(2000, 1, ("listings",))
    wide = '{   "name"   :   "Acme lamp"  ,   "price"   :   24.99   ,   "in_stock"   :   true   }'
    body = {"prompt": f"{wide}\n{wide}\n{wide}\n", "max_tokens": record.room_tokens, "temperature": 0}
    schemas = record.asked.schema, {key: value for key, value in record.asked.schema.items() if key != "x-guidance"}
    with local_server("smollm2-135m", 1, 1024) as url, httpx.Client(base_url=url, timeout=240) as client:
        answers = [client.post("/v1/completions", json=body | {"json_schema": schema}) for schema in schemas]
    text, free = (answer.raise_for_status().json()["choices"][0]["text"] for answer in answers)
    colon, comma = SEPARATORS["key_separator"], SEPARATORS["item_separator"]
    assert text == '{"name"' + f'{colon}"Acme lamp"{comma}"price"{colon}24.99{comma}"in_stock"{colon}true' + "}"
    assert free != text
    assert json.loads(free) == json.loads(text)
