"""What the processes of these tests run: an application with its tasks, and a worker for it."""

TASKS = """
import asyncio, ctypes, logging, multiprocessing, os, signal, subprocess, sys, threading, time
from threading import Timer
from beatd.core.registry import REGISTRY, RegisteredTask, TaskOptions
from beatd.errors import Retry, SoftTimeLimitExceeded

def task(**options):
    def register(function):
        REGISTRY.add(RegisteredTask(f"shop.{function.__name__}", function, TaskOptions(**options)))
        return function
    return register

fork = multiprocessing.get_context("fork")

@task()
def note(text):
    with open("noted", "a") as file:
        file.write(f"{text}\\n")
    return text

@task()
def fail():
    raise ValueError("no stock")

@task()
def leave(code):
    note("leave")
    os._exit(code)

@task()
def kill():
    note("kill")
    os.kill(os.getpid(), signal.SIGKILL)

@task()
def forever(text="forever"):
    note(f"{text} {os.getpid()}")
    while True:
        time.sleep(60)

@task()
def nap(seconds, text):
    note(f"{text} begun")
    time.sleep(seconds)
    note(f"{text} ended")

@task()
def linger(seconds):
    time.sleep(seconds)

@task()
def quick(text, then="end"):
    note(text)
    if then == "linger":
        time.sleep(30)
    if then == "die":
        os.kill(os.getpid(), signal.SIGKILL)

@task()
def with_process():
    note(f"started {subprocess.Popen(['sleep', '60']).pid}")
    time.sleep(60)

@task()
def careful():
    try:
        time.sleep(60)
    except SoftTimeLimitExceeded:
        return "cleaned up"

@task()
def careful_in_steps():
    try:
        while True:
            time.sleep(0.01)
    except SoftTimeLimitExceeded as error:
        return f"cleaned up: {error}"

four = threading.Barrier(4)

@task()
def meet():
    return four.wait(10) >= 0

@task()
async def meet_later():
    await asyncio.sleep(0.01)
    return four.wait(10) >= 0

@task(retry_backoff=0.01, retry_jitter=False, autoretry_for=(ValueError,), max_retries=2)
def stubborn():
    note("stubborn")
    raise ValueError("no stock")

@task(bind=True)
def second_time(self):
    if self.request.retries == 0:
        self.retry(countdown=0.05)
    return self.request.retries

@task(reject_on_worker_lost=False)
def only_once(text, how):
    note(f"{text} {os.getpid()}")
    forever() if how == "forever" else kill()

@task(max_deliveries=1)
def delivered_once():
    kill()

@task(acks="early")
def once():
    note("once")
    os._exit(1)

@task(acks="early")
def once_forever():
    forever()

@task(acks="early")
def once_well():
    return "done"

@task()
def pid():
    return os.getpid()

def hold_everything(seconds):
    while True:
        ctypes.PyDLL(None).sleep(seconds)

@task()
def leave_a_hog():
    # The interpreter is held from outside Python once this task has ended.
    Timer(0.3, hold_everything, [60]).start()

@task()
def hang_in_c():
    hold_everything(60)

@task()
def hold(text, seconds):
    note(f"{text} {os.getpid()}")
    ctypes.PyDLL(None).usleep(int(seconds * 1_000_000))

@task()
def hang_deaf():
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    while True:
        time.sleep(60)

@task()
def until_a_signal():
    ctypes.PyDLL(None).sleep(60)
    return os.getpid()

kept = []

@task()
def leak(megabytes):
    kept.append(bytes([1]) * megabytes * 1_000_000)
    return os.getpid()

@task()
def swell(megabytes, seconds=60):
    note(f"swell {os.getpid()}")
    leak(megabytes)
    time.sleep(seconds)

@task(acks="early")
def swell_once(megabytes):
    swell(megabytes)

@task()
def speak():
    print("printed", "twice")
    print("unfinished", end="")
    sys.stderr.write("complained\\n")
    sys.stdout.buffer.write(b"\\xff bytes\\n")
    logging.getLogger("shop.stock").info("logged")
    thread = threading.Thread(target=print, args=("of a thread",))
    thread.start()
    thread.join()
    subprocess.run(["echo", "of a process"], stdout=sys.stdout, check=True)

@task()
def close_output():
    sys.stdout.close()
    sys.stderr.close()

@task()
def fork_and_return(how):
    pid = os.fork()
    if pid == 0:
        note("forked")
        if how == "raise":
            raise ValueError("in the copy")
        if how == "exit":
            sys.exit(7)
        return "copy"
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

def plainly():
    # As a process begins that nobody has prepared.
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, [])
    heeded = {number for number in signal.valid_signals() if callable(signal.getsignal(number))}
    sys.exit(0 if not mask and heeded == {signal.SIGINT} and signal.set_wakeup_fd(-1) == -1 else 1)

def ignore_term():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    process = fork.Process(target=lambda: sys.exit(signal.getsignal(signal.SIGTERM) is not signal.SIG_IGN))
    process.start()
    process.join()
    sys.exit(process.exitcode)

@task()
def fork_and_terminate():
    codes = []
    for target in (lambda: time.sleep(60), plainly, ignore_term):
        process = fork.Process(target=target)
        process.start()
        if not codes:
            process.terminate()
        process.join(5)
        codes.append(process.exitcode)
        process.kill()
    with fork.Pool(2) as pool:
        return [*codes, *pool.map(abs, [-1, -2])]

@task()
def close_standard():
    os.closerange(0, 3)
    return os.getpid()

@task()
def close_all():
    note("close_all")
    os.closerange(0, 4096)

@task()
def take_signals():
    for number in (signal.SIGTERM, signal.SIGALRM, signal.SIGCHLD, signal.SIGUSR1, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGALRM})
    return os.getpid()

@task()
def odd_result():
    return {"lock": threading.Lock()}

class Odd(Exception):
    def __str__(self):
        if self.args[1] == "text":
            raise RuntimeError("no text")
        return str(self.args[0])

@task()
def odd_error(what):
    if what == "surrogate":
        raise ValueError(b"\\xff.txt".decode(errors="surrogateescape"))
    raise Odd(threading.Lock(), what)

@task()
def repeat(letter, times):
    return chr(letter) * times
"""

WORKER = """
import json, sys
from pathlib import Path
sys.path.insert(0, "")
from beatd.clock import SystemClock
from beatd.config.settings import Settings
from beatd.core.limits.shares import parse_queues
from beatd.errors import BrokerUnavailableError
from beatd.processes.logs import set_up_logging
from beatd.processes.notify import Notifier
from beatd.wiring.drivers import open_broker
from beatd.worker.service import run_worker
from beatd.worker.spec import WorkerSpec

def load():
    with open("loaded", "a") as file:
        file.write("loaded\\n")
    import shop_tasks

class Failing:
    # Passes requests on, but while a file says that there is an outage.
    def __init__(self, port):
        self._port = port
    def __getattr__(self, name):
        if Path("outage").exists():
            raise BrokerUnavailableError("sqlite:///beatd.db", "outage")
        bug, _, once = (Path("bug").read_text() if Path("bug").exists() else "").partition(" ")
        if name == bug:
            once and Path("bug").unlink()
            raise SystemExit(f"a bug in {name}")
        return getattr(self._port, name)

class Broker:
    def __init__(self):
        broker = open_broker(settings)
        self.receiver, self.admin, self.close = Failing(broker.receiver), Failing(broker.admin), broker.close
        self.keeper, self.limits = Failing(broker.keeper), Failing(broker.limits)
        self.pauses = Failing(broker.pauses)

options = json.loads(sys.argv[1])
log_format = options.pop("log_format", "logfmt")
if options.pop("closed_stderr", False):
    sys.stderr = None
else:
    set_up_logging("info", log_format)
settings = Settings(broker="sqlite:///beatd.db", max_deliveries=2)
queues, shares = parse_queues(options.pop("queues", ["celery"]))
spec = WorkerSpec(
    queues=queues, shares=shares, open_broker=Broker, load_app=load, clock=SystemClock(), **options
)
sys.exit(run_worker(spec, notifier=Notifier.from_environment()))
"""
