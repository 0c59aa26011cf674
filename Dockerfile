# Stage one builds a virtual environment; the image gets that and nothing that built it.
ARG PYTHON_IMAGE=python:3.12-slim
FROM ${PYTHON_IMAGE} AS build

ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN apt-get update -qq && apt-get install -qq --yes --no-install-recommends binutils > /dev/null
RUN python3 -m venv /opt/emulator
WORKDIR /src

# The dependencies first: they stay cached while only the sources change. Of what they bring, the emulator needs no symbols
# for debuggers, no sources of extensions, no stubs, no tests, and no colours of the command line.
COPY pyproject.toml ./
RUN python3 -c "import tomllib; project = tomllib.load(open('pyproject.toml', 'rb'))['project']; print(*project['dependencies'], *project['optional-dependencies']['postgresql'], sep='\n')" > requirements.txt \
    && /opt/emulator/bin/pip install -r requirements.txt \
    && /opt/emulator/bin/pip uninstall --yes rich pygments markdown-it-py mdurl \
    && find /opt/emulator -name '*.so*' -type f -exec strip --strip-unneeded {} + \
    && find /opt/emulator \( -name '*.pyi' -o -name '*.pyx' -o -name '*.pxd' -o -name '*.pxi' -o -name '*.c' -o -name '*.h' \) -type f -delete \
    && find /opt/emulator -type d \( -name tests -o -name testing -o -name test \) -path '*/site-packages/*' -prune -exec rm -rf {} +
COPY README.md LICENSE ./
COPY distribution distribution
COPY state state
COPY scenarios scenarios
COPY emulator emulator
RUN /opt/emulator/bin/pip install --no-deps . \
    && /opt/emulator/bin/pip uninstall --yes pip setuptools wheel


FROM ${PYTHON_IMAGE}

LABEL org.opencontainers.image.title="vonage-video-emulator" \
      org.opencontainers.image.description="A local, stateful emulator of the Vonage Video API. Unofficial." \
      org.opencontainers.image.licenses="Apache-2.0"

COPY --from=build /opt/emulator /opt/emulator

# New named volumes take owner and mode of /data and /data/public from here: any user of group 0 may write, as OpenShift
# has it. A bind mount has to be writable for the user that the container runs as, 10001:0 unless another one is given.
RUN useradd --uid 10001 --gid 0 --no-create-home --shell /usr/sbin/nologin emulator \
    && mkdir -p /data/public && chown -R 10001:0 /data && chmod -R 775 /data

ENV PATH=/opt/emulator/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    VONAGE_EMULATOR_HOST=* \
    VONAGE_EMULATOR_DATA_DIR=/data

USER 10001:0
VOLUME /data
EXPOSE 8080 8443

# A check lasts while the emulator runs, so that one follows the other without costing anything; those of the start do not.
HEALTHCHECK --interval=500ms --timeout=25s --start-period=5s --retries=3 CMD ["vonage-video-emulator", "health", "--watch", "20"]

ENTRYPOINT ["vonage-video-emulator"]
CMD ["serve"]
