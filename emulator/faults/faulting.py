"""Faults around the service's work: asks the application's rules and carries out what they do to the answer.

`before` the service, then its work, `after` it. An application without rules costs one look at each.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, cast

import orjson
from starlette.requests import Request
from starlette.responses import Response

from emulator import auth
from emulator.answers import Answer
from emulator.faults.asked import PLACES, AskedCall, AskedCallback
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
    from emulator.store import Store
    from scenarios.asking import Names
    from scenarios.engine import Faults, Firing
    from scenarios.outcomes import Outcomes
    from scenarios.rules import Fault
    from state.snapshots import Parsed

REQUEST_HEADER = "X-Emulator-Fault-Request"
_ASKED_FOR = REQUEST_HEADER.lower().encode()

Work = Callable[["Call"], Awaitable[Response]]
Serve = Callable[[Request, Passing], Awaitable[Response]]


class Faulting:
    """Lets faults happen in one world. What it needs is imported when the first fault is written."""

    def __init__(self, world: World, store: Store, default: str = "") -> None:
        """Prepare; `default` is the application of tokens that name none, if there is one."""
        self._world = world
        self._store = store
        self._default = default
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
        """Give the application the faults of a snapshot (`Faults.dump`), or what another process made of its own."""
        from scenarios.engine import Faults

        faults = Faults.load(self.names, dumped)
        if isinstance(app.faults, Faults):
            faults.previous = app.faults.previous  # answers that were given here are kept nowhere else
        app.faults = faults

    def check(self, parsed: Parsed) -> None:
        """Raise `Mistake` for what is wrong with the faults of a snapshot, or with its timers."""
        from scenarios import kept
        from scenarios.engine import Faults
        from scenarios.strict import Mistake

        faults = None
        if parsed.faults is not None:
            try:
                faults = kept.check(parsed.faults)
                Faults.load(self.names, parsed.faults)
            except Mistake as mistake:
                raise mistake.below("faults") from None
        for index, timer in enumerate(parsed.of("timer")):
            try:
                if timer.action not in self._world.handlers:
                    raise Mistake(f"nothing is known of {timer.action}", ("action",))
                if timer.action.startswith("fault."):
                    kept.check_timer(faults, timer.action, timer.subject, parsed.ids)
            except Mistake as mistake:
                raise mistake.below("timer", index) from None

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

    def distortion(self, app: Application, webhook: str, event: Event, body: bytes) -> Distortion:
        """Return what rules do to a callback that is about to be posted; they count their hits.

        `webhook` is its kind (`archive_status` …), `event` what it tells.
        """
        if app.faults is None:
            return UNDISTORTED
        faults = cast("Faults", app.faults)
        if not faults.has(CALLBACK, webhook):
            return UNDISTORTED
        fired = faults.callback_effects(AskedCallback(app, webhook, event, body))
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
        app, wanted = passing.held, passing.wanted
        if app is None or (wanted is None and app.faults is None):
            return await serve(request, passing)
        if wanted is not None and wanted.position != "before":
            wanted = None
        faults = self.of(app)
        if wanted is None and not faults.has(GATE, passing.exchange.operation):
            return await serve(request, passing)
        asked = AskedCall(app, passing)
        fired = self._fire(app, faults, GATE, asked, wanted)
        if wanted is not None:
            passing.wanted = None
        if not fired:
            return await serve(request, passing)
        run = self._run(faults, app, passing, request, asked)
        response = await run.gate(fired, lambda: serve(request, passing))
        passing.app = passing.app or app
        return response

    async def around(self, call: Call, work: Work) -> Response:
        """Do the work of a call of a verified caller, with what rules do to it."""
        app, passing = call.app, call.passing
        if app.faults is None and passing.wanted is None:
            response = await work(call)
            if app.faults is None:
                return response
            return self._run(self.of(app), app, passing, call.request, AskedCall(app, passing)).attached(response)
        faults = self.of(app)
        asked = AskedCall(app, passing)
        fired = self._fire(app, faults, SERVICE, asked, passing.wanted)
        if not fired and not faults.packs and not faults.reads_stale:
            faults.attached.clear()
            response = await work(call)
            if not faults.attached:
                return response
            return self._run(faults, app, passing, call.request, asked).attached(response)
        return await self._run(faults, app, passing, call.request, asked).around(fired, lambda: work(call))

    def _fire(
        self, app: Application, faults: Faults, stage: str, asked: AskedCall, wanted: Fault | None
    ) -> list[Firing]:
        """Let the fault that the request asks for fire, then the rules of a stage.

        Time and a resource's state are those of now.
        """
        fired: list[Firing] = []
        if wanted is not None:
            from scenarios.engine import Firing

            wanted.hits += 1
            fired.append(Firing(wanted, wanted.effects))
        if not faults.has(stage, asked.operation):
            return fired
        taken = wanted.kinds if wanted is not None else ()
        due, now = app.timeline.next_due(), app.clock.now()
        if due is not None and due <= now:
            with self._world.unit(app):
                return fired + faults.ask(stage, asked, taken)
        app.now = now
        return fired + faults.ask(stage, asked, taken)

    def _run(self, faults: Faults, app: Application, passing: Passing, request: Request, asked: AskedCall) -> Run:
        from emulator.faults.faulted import Run

        return Run(self._world, self._store, faults, app, passing, request, asked)

    def claimed(self, request: Request) -> Application | None:
        """Return the application that a token claims to be of, for paths that name none; None without any faults."""
        if self._outcomes is None:
            return None
        return self._world.find(auth.claimed_project(request.headers) or self._default)

    def _want(self, passing: Passing, written: str) -> Response | None:
        """Note the effect that the request itself asks for; return the refusal of one that cannot be."""
        from scenarios.rules import Fault, read_rule
        from scenarios.strict import Mistake

        try:
            data = {**_rule_of_header(written), "when": {"operation": passing.exchange.operation}}
            then = data["then"]
            for effect in then if isinstance(then, Mapping) else (str(then),):
                if effect == "staleRead" or effect.startswith("callback"):
                    raise Mistake(f"{effect} is not about this request alone", ("then",), "write a rule")
            rule = read_rule(data, self.names)
            passing.wanted = Fault(rule, data, "request", 0, 0, self.names)
        except Mistake as mistake:
            return Answer(400, f"{REQUEST_HEADER}: {mistake}").response()
        return None


def known_names() -> Names:
    """Return what rules may name: the operations, their tags, the kinds of callbacks."""
    from emulator.client_tokens import ROLES
    from emulator.operations import OPERATIONS
    from emulator.schemas.bodies import BODIES, paths
    from emulator.webhooks import TOLD
    from scenarios.asking import Names
    from scenarios.outcomes import STATES

    return Names(
        {each.id: each.tag for each in OPERATIONS},
        callbacks=sorted({told.webhook for told in TOLD.values()}),
        reads=[each.id for each in OPERATIONS if each.method == "GET"],
        stateful=[each.id for each in OPERATIONS if any(f"{{{place}}}" in each.path for place in PLACES)],
        fields={operation: frozenset(paths(body)) for operation, body in BODIES.items()},
        roles=ROLES,
        states=STATES,
    )


def _rule_of_header(written: str) -> dict[str, Any]:
    """Read an effect's name, a mapping of effects as JSON, or an object of `then` and `position`."""
    if not written.startswith("{"):
        return {"then": written.strip()}
    from scenarios.spelling import did_you_mean
    from scenarios.strict import Mistake, require_writable

    try:
        content = orjson.loads(written)
    except orjson.JSONDecodeError as error:
        raise Mistake(f"is not JSON: {error}") from None
    require_writable(content)
    if "then" not in content:
        return {"then": content}
    for key in content:
        if key not in ("then", "position"):
            raise Mistake(f"there is no such key: {key}", (key,), did_you_mean(key, ("then", "position")), key=True)
    return dict(content)
