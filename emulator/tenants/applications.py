"""Making applications: from the settings, from the control API, well-known."""

from __future__ import annotations

import random
import re
import uuid
from dataclasses import replace
from typing import Any

from emulator import wellknown
from emulator.settings import (
    ApplicationBehaviour,
    ApplicationConfig,
    ConfiguredApplication,
    Settings,
    SettingsError,
    WebhookConfig,
)
from emulator.spec.errors import InvalidRequestError
from emulator.spec.opentok import OPENTOK
from emulator.tenants import keys
from state.application import Application, Credentials
from state.errors import ApplicationExistsError, TooManyApplicationsError
from state.options import Options
from state.outbox import Webhook
from state.world import World


class Applications:
    """Creates applications in the world, with key pairs and API keys for those that are given none."""

    def __init__(self, world: World, settings: Settings) -> None:
        self._world = world
        self._defaults = settings.options
        self.key_pairs = keys.KeyPairs()

    def from_settings(self, settings: Settings) -> None:
        """Create the well-known application and those of the settings. Raises `SettingsError`.

        An application that the store has already is changed to what the settings say; what they leave out stays.
        """
        said = {name for name in settings.model_fields_set if name in Options.model_fields}
        if settings.well_known_application and (kept := self._world.find(wellknown.APPLICATION_ID)):
            kept.change_options(kept.options.model_copy(update={name: getattr(settings, name) for name in said}))
        elif settings.well_known_application:
            credentials = Credentials(
                wellknown.PUBLIC_KEY,
                wellknown.PRIVATE_KEY,
                wellknown.API_KEY,
                wellknown.API_SECRET,
                wellknown.SIGNATURE_SECRET,
            )
            self._world.add(wellknown.APPLICATION_ID, wellknown.NAME, credentials, self._defaults)
        for index, config in enumerate(settings.applications):
            try:
                known = self._world.find(config.id) if config.id else None
                if known is None:
                    self.make(_with_files(config))
                else:
                    self._set(known, _with_files(config))
            except (InvalidRequestError, ApplicationExistsError) as error:
                raise SettingsError(f"applications.{index}.{error.field}: {error}") from None
            except TooManyApplicationsError as error:
                raise SettingsError(f"applications.{index}: {error}") from None

    def make(self, config: ApplicationConfig) -> Application:
        """Create an application and return it. Raises `InvalidRequestError`, `ApplicationExistsError`."""
        application_id = config.id or str(uuid.uuid4())
        credentials = self._credentials(config)
        options = changed_options(self._defaults, config)
        app = self._world.add(application_id, config.name or application_id, credentials, options)
        app.webhooks = webhooks_of(config)
        return app

    def _set(self, app: Application, config: ApplicationConfig) -> None:
        """Change an application that the store has to what the settings say."""
        names = ("public_key", "private_key", "api_key", "api_secret")
        if any(getattr(config, name) for name in names):
            before = {name: getattr(config, name) or getattr(app.credentials, name) or None for name in names}
            if (config.public_key or config.private_key) and not (config.public_key and config.private_key):
                before["public_key" if config.private_key else "private_key"] = None
            secret = config.signature_secret or app.credentials.signature_secret
            made = self._credentials(config.model_copy(update={**before, "signature_secret": secret}))
            self._world.rekey(app, made)
        self.change(app, config)

    def change(self, app: Application, change: ApplicationBehaviour) -> None:
        """Change what of an application `change` sets; webhooks are replaced as a whole. Inside a unit."""
        given = change.model_fields_set
        if "name" in given:
            app.name = change.name
        if change.signature_secret:
            app.credentials = replace(app.credentials, signature_secret=change.signature_secret)
        kept = {key: value for key, value in app.webhooks.items() if not _replaced(key, given)}
        app.webhooks = kept | webhooks_of(change)
        app.change_options(changed_options(app.options, change))

    def make_named(self, project: str) -> Application:
        """Create the application that a caller named by id or API key, when authentication is lax; return it."""
        if not re.fullmatch(r"[0-9]{1,18}|[A-Za-z0-9_-]{1,64}", project) or re.fullmatch(r"[0-9]{19,}", project):
            raise InvalidRequestError(
                "must be a number of up to 18 digits, or up to 64 letters, digits, - and _", "applicationId"
            )
        known: dict[str, Any] = {"id": project, "api_key": None}
        if project.isdigit():  # the same id wherever it is named first
            known = {"id": str(uuid.uuid5(uuid.NAMESPACE_OID, project)), "api_key": project}
        try:
            return self.make(ApplicationConfig.model_construct(name=project, **known))
        except TooManyApplicationsError as error:
            raise InvalidRequestError(str(error), status=429, whole=True) from None

    def _credentials(self, config: ApplicationConfig) -> Credentials:
        public, private = config.public_key or "", config.private_key or ""
        try:
            if private:
                derived = keys.public_of(private)
                if public and keys.normal(public) != derived:
                    raise InvalidRequestError("is not the public key of privateKey", "publicKey")
                public = derived
            elif public:
                public = keys.normal(public)
            else:
                pair = self.key_pairs.take()
                public, private = pair.public, pair.private
        except ValueError as error:
            raise InvalidRequestError(str(error), "privateKey" if private else "publicKey") from None
        chance = _chance(config)
        return Credentials(
            public_key=public,
            private_key=private,
            api_key=config.api_key or self._free_api_key(chance),
            api_secret=config.api_secret or chance.randbytes(20).hex(),
            signature_secret=config.signature_secret or chance.randbytes(20).hex(),
        )

    def _free_api_key(self, chance: random.Random) -> str:
        while True:
            api_key = str(chance.randrange(20_000_000, 99_999_999))
            if self._world.find(api_key) is None:
                return api_key


def _chance(config: ApplicationConfig) -> random.Random:
    """Return what keys and secrets are drawn from: with a seed and an id the same ones are drawn again."""
    return random.SystemRandom() if config.seed is None else random.Random(f"{config.seed} {config.id}")


def webhooks_of(config: ApplicationBehaviour) -> dict[str, Webhook]:
    """Return where callbacks go, by webhook; those of OpenTok families as `opentok.archive` and alike."""
    configured: dict[str, WebhookConfig] = {str(key): each for key, each in config.webhooks.items()}
    configured |= {f"{OPENTOK}{family}": each for family, each in config.opentok_callbacks.items()}
    return {key: Webhook(each.address, each.active, each.secret) for key, each in configured.items()}


def _replaced(key: str, given: set[str]) -> bool:
    return ("opentok_callbacks" if key.startswith(OPENTOK) else "webhooks") in given


def changed_options(defaults: Options, config: ApplicationBehaviour) -> Options:
    """Return the options with those that `config` sets."""
    given = {name: getattr(config, name) for name in Options.model_fields if name in config.model_fields_set}
    return defaults.model_copy(update=given)


def _with_files(config: ConfiguredApplication) -> ApplicationConfig:
    """Read the key files that the settings name."""
    read: dict[str, Any] = {}
    for field in ("public_key", "private_key"):
        path = getattr(config, f"{field}_file")
        if path is not None:
            try:
                read[field] = path.expanduser().read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError) as error:
                raise InvalidRequestError(f"{path} cannot be read: {error}", f"{field}_file") from None
    return config.model_copy(update=read)
