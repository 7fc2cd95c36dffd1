"""The inner side of the sandbox: the one process and the one module that runs JavaScript."""

import os
import re
import time
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

import msgspec
import quickjs

from noroshi.codecs.frames import (
    BATCH_CHARS_MAX,
    DECODE,
    DECODE_ONLY,
    DECODERS,
    DOWNLINK_DECODER,
    ENCODE,
    ENCODERS,
    FRAME_BYTES_MAX,
    HOUSE_LINE,
    LENGTH,
    MEANING,
    NAMES,
    RESULT_CHARS_MAX,
    Hello,
    Reply,
    Request,
    framed,
)
from noroshi.codecs.lockdown import lock_down

CONTEXTS_MAX = 200
HEAP_BYTES_MAX = 16 * 1024 * 1024  # of one context
STACK_BYTES_MAX = 256 * 1024  # of one context
LOAD_CPU_S_MAX = 0.1  # running a source's top level
ONE_CPU_S_MAX = 0.05  # decoding one uplink
BATCH_CPU_S_MAX = 0.1  # decoding a frame of several

# Any of these will do for the task, or the task has this error.
NEEDS = {
    DECODE: (DECODERS, "no_entry_point"),
    DECODE_ONLY: (DECODERS, "no_entry_point"),
    ENCODE: (ENCODERS, "no_encoder"),
    MEANING: ((DOWNLINK_DECODER,), "no_downlink_decoder"),
    NAMES: ((*DECODERS, *ENCODERS), "no_entry_point"),
}

STDIN, STDOUT, STDERR = 0, 1, 2
SCRIPTS = Path(__file__).parent / "js"
RUNNER = "\n" * HOUSE_LINE + (SCRIPTS / "runner.js").read_text(encoding="utf-8")
ENTRY = (SCRIPTS / "entry.js").read_text(encoding="utf-8")
BUFFER = "\n" * HOUSE_LINE + (SCRIPTS / "buffer.js").read_text(encoding="utf-8")

# `export` belongs to modules; codecs run as scripts, in which a few public ones carry it.
_EXPORT = re.compile(
    r"^([ \t]*)export[ \t]+(?:default[ \t]+)?"
    r"(?=(?:(?:async[ \t]+)?function|class|const|let|var)\b)",
    re.MULTILINE,
)
_EXPORT_LIST = re.compile(r"^[ \t]*export[ \t]*\{[^{}]*\}[ \t]*;?", re.MULTILINE)
_EXPORT_DEFAULT = re.compile(r"^[ \t]*export[ \t]+default\b", re.MULTILINE)


def main() -> None:
    """Lock the process down, then answer frames until the parent hangs up."""
    # The package's own helper keeps a thread; locking down wants the process alone with itself.
    quickjs.Function._threadpool.shutdown(wait=True)
    request_of = msgspec.msgpack.Decoder(Request)
    workshop = Workshop()
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, STDERR)
    os.close(nothing)
    send(framed(Hello(lock_down(STDIN, STDOUT))))
    while (head := receive(LENGTH.size)) is not None:
        body = receive(LENGTH.unpack(head)[0])
        if body is None:
            break
        reply = framed(workshop.answer(request_of.decode(body)))
        if len(reply) > FRAME_BYTES_MAX:
            reply = framed(Reply("", "too_big", "", loaded=True, cpu_s=0.0))
        send(reply)
    os._exit(0)


def receive(size: int) -> bytes | None:
    """Exactly so many bytes from the parent, or None at the end."""
    parts = []
    while size > 0:
        part = os.read(STDIN, min(size, 1 << 20))
        if not part:
            return None
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def send(frame: bytes) -> None:
    """All of the frame to the parent."""
    rest = memoryview(frame)
    while rest:
        rest = rest[os.write(STDOUT, rest) :]


class NotLoaded(Exception):
    """The source does not run, or has no function to call: a stable code and a detail."""

    def __init__(self, error: str, detail: str) -> None:
        super().__init__(detail)
        self.error = error
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Loaded:
    """A codec ready to be called, in a JavaScript engine of its own."""

    source: str
    context: quickjs.Context
    run: quickjs.Object
    entry: quickjs.Object
    names: frozenset[str]


class Workshop:
    """The loaded codecs, one engine for each tenant and codec version, least used leave first."""

    def __init__(self) -> None:
        self.codecs: OrderedDict[tuple[int, int], Loaded] = OrderedDict()

    def answer(self, request: Request) -> Reply:
        key = (request.tenant_id, request.version_id)
        results, error, detail, is_loaded = "", "", "", True
        try:
            results = self.run(request)
        except NotLoaded as why:
            error, detail, is_loaded = why.error, why.detail, False
        except (quickjs.JSException, quickjs.StackOverflow) as why:
            error, detail = code_of(str(why)), str(why)[:1000]
        except MemoryError:
            error = "out_of_memory"
        if error == "out_of_memory":
            # Neighbours may have eaten the room; the parent asks again, one item at a time.
            self.codecs.clear()
        elif error or not request.keep:
            self.codecs.pop(key, None)
        return Reply(results, error, detail, is_loaded, time.process_time())

    def run(self, request: Request) -> str:
        codec = self.codec(request)
        wanted, missing = NEEDS[request.task]
        if codec.names.isdisjoint(wanted):
            raise NotLoaded(missing, "")
        if request.task == NAMES:
            return " ".join(sorted(codec.names))
        codec.context.set_time_limit(BATCH_CPU_S_MAX if request.count > 1 else ONE_CPU_S_MAX)
        limits = RESULT_CHARS_MAX, BATCH_CHARS_MAX
        results = str(codec.run(codec.entry, request.task, request.items, *limits))
        if not results or "null" in results:
            results = str(codec.run(codec.entry, request.task, "", *limits))
        return results

    def codec(self, request: Request) -> Loaded:
        key = (request.tenant_id, request.version_id)
        codec = self.codecs.get(key)
        if codec is not None and codec.source == request.source and request.keep:
            self.codecs.move_to_end(key)
            return codec
        codec = load(request.source)
        if request.keep:
            self.codecs[key] = codec
            self.codecs.move_to_end(key)
            if len(self.codecs) > CONTEXTS_MAX:
                self.codecs.popitem(last=False)
        return codec


def load(source: str) -> Loaded:
    """Run the source in an engine of its own; raises NotLoaded."""
    context = quickjs.Context()
    context.set_memory_limit(HEAP_BYTES_MAX)
    context.set_max_stack_size(STACK_BYTES_MAX)
    run = context.eval(RUNNER)
    if "uffer" in source:
        context.eval(BUFFER)
    context.set_time_limit(LOAD_CPU_S_MAX)
    try:
        context.eval(as_script(source))
        entry = context.eval(ENTRY)
    except (quickjs.JSException, quickjs.StackOverflow) as why:
        raise NotLoaded(code_of(str(why)), str(why)[:1000]) from why
    except (ValueError, UnicodeError) as why:
        raise NotLoaded(
            "exception", "SyntaxError: the source holds a NUL or a broken sign"
        ) from why
    names = str(context.eval("(function (entry) { return entry.names; })")(entry))
    return Loaded(source, context, run, entry, frozenset(names.split()))


def as_script(source: str) -> str:
    """The source without the words that only modules know; lines and their number stay."""
    if "export" not in source:
        return source
    source = _EXPORT.sub(lambda found: found.group(1), source)
    source = _EXPORT_LIST.sub(lambda found: "\n" * found.group().count("\n"), source)
    return _EXPORT_DEFAULT.sub("module.exports =", source)


def code_of(message: str) -> str:
    """The stable code of what the engine threw."""
    if message.startswith("InternalError: interrupted"):
        return "timeout"
    if message.startswith(("InternalError: out of memory", "null", "[uninitialized]")):
        return "out_of_memory"
    if message.startswith("RangeError: noroshi: batch too big"):
        return "too_big"
    return "exception"


if __name__ == "__main__":
    main()
