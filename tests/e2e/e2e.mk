# The demo, the region to play in, and tests with real processes. Included by the Makefile.

DEMO_PYTHON := /usr/bin/python3

.PHONY: demo
demo: ## a region's autumn: forty referrals, what came of them, what never came (installs what is missing)
	$(Q).ci/deps build
	$(Q)$(MAKE) $(if $(filter 0,$(V)),-s) --no-print-directory -j$(JOBS) all
	$(Q)$(DEMO_PYTHON) tests/e2e/demo.py $(B)/bin

.PHONY: run
run: ## the same region, kept up for playing until Ctrl-C
	$(Q).ci/deps build
	$(Q)$(MAKE) $(if $(filter 0,$(V)),-s) --no-print-directory -j$(JOBS) all
	$(Q)$(DEMO_PYTHON) tests/e2e/run.py $(B)/bin

# Suites of tests/run.sh.
E2E_RUN := e2e $(DEMO_PYTHON) tests/e2e/test_e2e.py $(B)/bin -- \
    e2e-hl7v2 $(DEMO_PYTHON) tests/e2e/test_hl7v2.py $(B)/bin -- \
    e2e-cli $(DEMO_PYTHON) tests/e2e/test_cli.py $(B)/bin -- \
    e2e-broker $(DEMO_PYTHON) tests/e2e/test_broker.py $(B)/bin --

.PHONY: e2e
e2e: all ## HIS, EPD, adapters, broker and command line as separate processes
	$(Q)$(RUN) $(B)/log $(E2E_RUN)
