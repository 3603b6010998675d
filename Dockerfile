# The project with its packages, for any user. `container/start` copies it to /work, and runs a command there:
#
#   docker build --tag gan-vs-vae .
#   mkdir results
#   docker run --user "$(id -u):$(id -g)" --volume "$PWD/results:/work" --volume MNIST:/mnist:ro gan-vs-vae make repro
#
# MNIST: a folder as TFDS_DATA_DIR names it. Without that volume MNIST comes from its host.
FROM python:3.11-slim-bookworm

RUN apt-get update \
 && apt-get install --yes --no-install-recommends git make \
 && rm -rf /var/lib/apt/lists/*

WORKDIR /project
COPY Makefile requirements.lock ./
RUN PIP_NO_CACHE_DIR=1 make setup
COPY . .

RUN useradd --uid 1000 --create-home researcher && mkdir -m 1777 /work /mnist
USER 1000
ENV TFDS_DATA_DIR=/mnist
ENTRYPOINT ["/project/container/start"]
CMD ["make", "repro"]
