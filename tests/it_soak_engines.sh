#!/bin/bash
# it_soak_engines.sh - the rows of the short soak whose runs are containers.
soak_engines=yes
# shellcheck source=tests/it_soak.sh
. "$(dirname "$0")/it_soak.sh"
