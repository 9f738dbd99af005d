# The fuzz programs; included by the Makefile. With another flavour than fuzz they replay inputs instead of making them.

FUZZ := $(patsubst %.c,$(B)/%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_MAIN := $(if $(filter fuzz,$(FLAVOUR)),,$(call obj,tests/fuzz/replay.c))
FUZZ_FLAGS := $(if $(filter fuzz,$(FLAVOUR)),-fsanitize=fuzzer)
$(FUZZ): $(FUZZ_MAIN)

$(B)/tests/fuzz/fuzz_core: $(call obj,tests/fuzz/judge.c tests/fuzz/wild.c tests/sim/oracle_rules.c \
    tests/year/almanac.c)

# Command lines name files; none is read.
$(B)/tests/fuzz/fuzz_cli: $(call obj,$(filter-out adapters/cli/main.c,$(CLI)))
$(B)/tests/fuzz/fuzz_cli: FUZZ_FLAGS += -Wl,--wrap=sch_cli_read

# It includes inbox.c itself, for what that prints.
$(B)/tests/fuzz/fuzz_letter: $(call obj,$(filter-out adapters/cli/main.c adapters/cli/inbox.c,$(CLI)))

.PHONY: fuzz-cov fuzz-programs
fuzz-programs: $(FUZZ)
fuzz-cov: ## lines of each parser that its fuzzer's corpus reaches; FUZZ_COV_FLAGS=--missing names the others
	$(Q)$(MAKE) --no-print-directory -j$(JOBS) FLAVOUR=cov fuzz-programs
	$(Q)/usr/bin/python3 tests/fuzz/cov.py $(BUILD)/cov $(FUZZ_COV_FLAGS)
