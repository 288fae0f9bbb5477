"""A Redis server that is emptied under its schedulers."""

import random
import time

import redis

from tests.faults.site import Site, steady
from tests.faults.stores import open_store


def test_a_server_emptied_by_hand_is_told_and_nothing_fires_on_it(tmp_path):
    with open_store("redis", tmp_path, 1) as store:
        site = Site(tmp_path, store, random.Random(1), schedulers=1, load=steady(10))
        try:
            site.start()
            with redis.Redis.from_url(store.url) as client:
                client.flushall()
            site.wait(lambda: "strange_store" in site.logs(), "the other store is not noticed")
            time.sleep(0.5)  # what was on its way
            fired = site.traces.stat().st_size
            time.sleep(2)
            assert site.traces.stat().st_size == fired
            assert "the store is another one than before: nothing is fired" in site.logs()
        finally:
            site.end()
