"""Faults around the service's work: asks the application's rules and carries out what they do to the answer.

`before` the service, then its work, `after` it. An application without rules costs one look at each.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, cast

import orjson
from starlette.requests import Request
from starlette.responses import Response

from emulator.answers import Answer
from emulator.faults.asked import AskedCall, AskedCallback
from emulator.gate import Passing
from scenarios import magic
from scenarios.asking import CALLBACK, GATE, SERVICE
from state.application import Application
from state.events import Event
from state.outbox import UNDISTORTED, Distortion
from state.world import World

if TYPE_CHECKING:
    from emulator.call import Call
    from emulator.faults.faulted import Run
    from scenarios.asking import Names
    from scenarios.engine import Faults, Firing
    from scenarios.outcomes import Outcomes

HEADER = "X-Emulator-Fault"
REQUEST_HEADER = "X-Emulator-Fault-Request"
_ASKED_FOR = REQUEST_HEADER.lower().encode()

Work = Callable[["Call"], Awaitable[Response]]
Serve = Callable[[Request, Passing], Awaitable[Response]]


class Faulting:
    """Lets faults happen in one world. What it needs is imported when the first fault is written."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._outcomes: Outcomes | None = None
        world.watchers.append(self.watch)

    # Faults of applications

    @property
    def names(self) -> Names:
        """What rules may name."""
        return self._made().names

    def of(self, app: Application) -> Faults:
        """Return the application's faults, made when it has none."""
        return cast("Faults", app.faults) if app.faults is not None else self._made().faults(app)

    def restore(self, app: Application, dumped: Mapping[str, Any]) -> None:
        """Give the application the faults of a snapshot (`Faults.dump`)."""
        from scenarios.engine import Faults

        app.faults = Faults.load(self.names, dumped)

    def prepare(self) -> None:
        """Make ready for timers and faults that were kept."""
        self._made()

    def _made(self) -> Outcomes:
        if self._outcomes is None:
            from scenarios import outcomes, timeline

            self._outcomes = outcomes.Outcomes(known_names())
            self._world.handlers.update(outcomes.HANDLERS)
            self._world.handlers.update(timeline.HANDLERS)
        return self._outcomes

    def watch(self, app: Application, event: Event) -> None:
        """See an event: resources get their fate by rules and magic values."""
        if app.faults is None:
            if event.type not in magic.BEGINNINGS or app.options.magic_values == "off":
                return
            if next(magic.values_of(event.record), None) is None:
                return
        self._made().watch(app, event)

    def distortion(self, app: Application, webhook: str, session_id: str, body: bytes) -> Distortion:
        """Return what rules do to a callback that is about to be posted; they count their hits.

        `webhook` is its kind (`archive_status` …).
        """
        if app.faults is None:
            return UNDISTORTED
        faults = cast("Faults", app.faults)
        if not faults.has(CALLBACK, webhook):
            return UNDISTORTED
        fired = faults.callback_effects(AskedCallback(app, webhook, session_id, body))
        effects: dict[str, Any] = {name: effect for firing in fired for name, effect in firing.effects.items()}
        if not effects:
            return UNDISTORTED
        late = effects.get("callbackReordered") or effects.get("callbackDelayed")
        unsigned, forged = "callbackUnsigned" in effects, "callbackBadlySigned" in effects
        return Distortion(
            fault=", ".join(firing.fault.name for firing in fired),
            lost="callbackLost" in effects,
            delay=int(late.seconds * 1000) if late else 0,
            copies=effects["callbackDoubled"].times if "callbackDoubled" in effects else 1,
            behind_next="callbackReordered" in effects,
            signature="none" if unsigned else "wrong" if forged else "valid",
        )

    # Calls

    async def gate(self, request: Request, passing: Passing, serve: Serve) -> Response:
        """Serve a request, unless a rule has its way before the service sees it."""
        for name, value in passing.exchange.headers:
            if name == _ASKED_FOR:
                refusal = self._want(passing, value.decode("latin-1"))
                if refusal is not None:
                    return refusal
        app, wanted = passing.app, passing.wanted
        if app is None or (wanted is None and app.faults is None):
            return await serve(request, passing)
        if wanted is not None and wanted.position != "before":
            wanted = None
        faults = self.of(app)
        if wanted is None and not faults.has(GATE, passing.exchange.operation):
            return await serve(request, passing)
        asked = AskedCall(app, passing)
        fired = self._ask(app, faults, GATE, asked)
        if not fired and wanted is None:
            return await serve(request, passing)
        run = self._run(faults, app, passing, asked, fired)
        if wanted is not None:
            run.take(wanted)
            passing.wanted = None
        return run.finish(await run.ahead() or await serve(request, passing))

    async def around(self, call: Call, work: Work) -> Response:
        """Do the work of a call of a verified caller, with what rules do to it."""
        app, passing = call.app, call.passing
        if app.faults is None and passing.wanted is None:
            response = await work(call)
            if app.faults is None:
                return response
            return self._run(self.of(app), app, passing, AskedCall(app, passing), []).finish(response)
        faults = self.of(app)
        asked = AskedCall(app, passing)
        fired: list[Firing] = []
        if call.operation == "createSession":
            fired += self._ask(app, faults, GATE, asked)  # its path names no application: the token came first
        fired += self._ask(app, faults, SERVICE, asked)
        if not fired and passing.wanted is None and not faults.packs and not faults.reads_stale:
            faults.attached.clear()
            response = await work(call)
            if not faults.attached:
                return response
            return self._run(faults, app, passing, asked, []).finish(response)
        run = self._run(faults, app, passing, asked, fired)
        if passing.wanted is not None:
            run.take(passing.wanted)
        return run.finish(await run.around(lambda: work(call)))

    def _ask(self, app: Application, faults: Faults, stage: str, asked: AskedCall) -> list[Firing]:
        """Let the rules of a stage fire; time and a resource's state are those of now."""
        if not faults.has(stage, asked.operation):
            return []
        due, now = app.timeline.next_due(), app.clock.now()
        if due is not None and due <= now:
            with self._world.unit(app):
                return faults.ask(stage, asked)
        app.now = now
        return faults.ask(stage, asked)

    def _run(self, faults: Faults, app: Application, passing: Passing, asked: AskedCall, fired: list[Firing]) -> Run:
        from emulator.faults.faulted import Run

        return Run(self._world, faults, app, passing, asked, fired)

    def _want(self, passing: Passing, written: str) -> Response | None:
        """Note the effect that the request itself asks for; return the refusal of one that cannot be."""
        from scenarios.rules import Fault, read_rule
        from scenarios.strict import Mistake

        try:
            data = _rule_of_header(written)
            passing.wanted = Fault(read_rule(data, self.names), data, "request", 0, 0, self.names)
        except Mistake as mistake:
            return Answer(400, f"{REQUEST_HEADER}: {mistake}").response()
        return None


def known_names() -> Names:
    """Return what rules may name: the operations, their tags, the kinds of callbacks."""
    from emulator.operations import OPERATIONS
    from emulator.webhooks import TOLD
    from scenarios.asking import Names

    callbacks = sorted({told.webhook for told in TOLD.values()})
    return Names({each.id: each.tag for each in OPERATIONS}, callbacks)


def _rule_of_header(written: str) -> dict[str, Any]:
    """Read an effect's name, a mapping of effects as JSON, or an object of `then` and `position`."""
    if not written.startswith("{"):
        return {"then": written.strip()}
    from scenarios.strict import Mistake

    try:
        content = orjson.loads(written)
    except orjson.JSONDecodeError as error:
        raise Mistake(f"is not JSON: {error}") from None
    return {"then": content} if "then" not in content else {key: content[key] for key in content}
