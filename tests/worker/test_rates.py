"""Limited tasks in a worker."""

import pytest

LIMITED = """
@task(rate_limit="20/s")
def limited(text):
    with open("limited", "a") as file:
        file.write(f"{time.monotonic()} {os.getpid()}\\n")
"""


@pytest.fixture
def limited(shop):
    with (shop.folder / "shop_tasks.py").open("a") as file:
        file.write(LIMITED)
    return shop


def test_two_children_keep_to_one_limit_and_other_tasks_do_not_wait_for_it(limited, until) -> None:
    shop = limited
    sent = [shop.send("limited", str(number)) for number in range(40)]
    other = shop.send("note", "other")
    shop.start(concurrency=2)
    until(lambda: shop.outcome(other) and all(shop.outcome(each) for each in sent), 60)
    ended = [shop.outcome(each).finished_at for each in sent]
    assert sum(each > shop.outcome(other).finished_at for each in ended) > 20
    moments = sorted(float(line.split()[0]) for line in shop.lines("limited"))
    # 40 of them take two seconds, less what may begin at once, and the moment between the first's claim and its begin.
    assert len(moments) == 40
    assert moments[-1] - moments[0] >= 1.5
    assert {shop.outcome(each).state.value for each in sent} == {"SUCCESS"}
