# How the tests are built and run; included by the Makefile. Every program can be run by hand from the root.

TEST_ARCHIVES := $(LIB_TEST) $(LIB_SHELL) $(LIB_HL7V2) $(LIBSCHARNIER_A) $(LIB_CORE)
grouped = -Wl$(comma)--start-group $(1) -Wl$(comma)--end-group

# ---- programs -----------------------------------------------------------------------------------

# Each tests/unit/test_x.c is a cmocka program of its own, over the fakes of tests/lib.
UNIT := $(patsubst %.c,$(B)/%,$(wildcard tests/unit/test_*.c))
$(UNIT): $(B)/%: $(B)/obj/%.o $(TEST_ARCHIVES)
	$(call link,$< $(call grouped,$(TEST_ARCHIVES)),-lcmocka $(BROKER_LIBS) -ljansson)

# One suite over both stores; the LMDB one also with failing calls, for which liblmdb is linked statically.
STORE_LIBS := $(LIB_SHELL) $(LIB_CORE) $(LIB_PROTO)
STORE_TESTS := $(B)/tests/store/conformance_sim $(B)/tests/store/conformance_lmdb $(B)/tests/store/test_lmdb
LMDB_WRAP := -Wl,--wrap=mdb_put,--wrap=mdb_txn_commit,--wrap=pwrite,--wrap=writev,--wrap=fdatasync
$(B)/tests/store/conformance_sim: $(call obj,tests/store/conformance.c tests/store/fixture_sim.c) $(LIB_TEST) $(STORE_LIBS)
	$(call link,$(filter %.o,$^) $(call grouped,$(filter %.a,$^)),-lcmocka $(BROKER_LIBS))
$(B)/tests/store/conformance_lmdb: $(call obj,tests/store/conformance.c tests/store/fixture_lmdb.c) $(LIB_PORTS) $(STORE_LIBS)
	$(call link,$(filter %.o,$^) $(call grouped,$(filter %.a,$^)),-lcmocka $(BROKER_LIBS))
$(B)/tests/store/test_lmdb: $(call obj,tests/store/test_lmdb.c) $(LIB_PORTS) $(STORE_LIBS)
	$(call link,$(filter %.o,$^) $(LMDB_WRAP) $(call grouped,$(filter %.a,$^)),-lcmocka \
	    $(subst -llmdb,-l:liblmdb.a,$(BROKER_LIBS)))

SIM := $(B)/tests/sim/sim
$(SIM): $(call obj,$(wildcard tests/sim/*.c) tests/year/almanac.c tests/year/figures.c) $(LIB_TEST) $(LIB_SHELL) $(LIB_CORE) $(LIB_PROTO)
	$(call link,-Wl$(comma)--wrap=sch_step $(filter %.o,$^) $(call grouped,$(filter %.a,$^)),$(BROKER_LIBS) -lm)

DUE_BATCH := $(B)/tests/golden/due_batch
$(DUE_BATCH): $(call obj,tests/golden/due_batch.c) $(LIB_SHELL) $(LIB_CORE) $(LIB_PROTO)
	$(call link,$(filter %.o,$^) $(call grouped,$(filter %.a,$^)),$(BROKER_LIBS))

$(B)/tests/bench/%: $(B)/obj/tests/bench/%.o $(LIB_PROTO)
	$(call link,$< $(LIB_PROTO),-lzmq -llmdb -lpthread $(PROTO_LIBS))

$(B)/tests/fuzz/%: $(B)/obj/tests/fuzz/%.o $(TEST_ARCHIVES)
	$(call link,$(FUZZ_FLAGS) $(filter %.o,$^) $(call grouped,$(TEST_ARCHIVES)),$(BROKER_LIBS) -ljansson)

# ---- suites -------------------------------------------------------------------------------------

# tests/run.sh takes NAME COMMAND… -- NAME COMMAND…
suite = $(foreach program,$(1),$(notdir $(program)) $(program) --)
RUN := SCHARNIER_DATA=$(if $(SCHARNIER_DATA),$(abspath $(SCHARNIER_DATA))) SCHARNIER_BUILD=$(abspath $(B)) tests/run.sh
GOLDEN := layers tests/layers.sh $(CC) $(call obj,$(CORE)) -- \
    design /usr/bin/python3 tests/golden/design_files.py -- \
    testing /usr/bin/python3 tests/golden/testing_names.py -- \
    norm-due /usr/bin/python3 tests/golden/norm_due.py $(DUE_BATCH) $(B)/bin/scharnier -- \
    cli /usr/bin/python3 tests/golden/cli.py $(B)/bin -- \
    library tests/golden/library.sh $(LIBSCHARNIER_SO) --

.PHONY: check
check: $(UNIT) $(STORE_TESTS) $(SIM) ## unit and store tests, and a short simulation
	$(Q)$(RUN) $(B)/log $(call suite,$(UNIT) $(STORE_TESTS)) sim $(SIM) --count $(or $(N),40)

# The seeds that failed once run before all others, for ever after.
SIM_RUN := $(SIM) --seeds tests/sim/seeds.txt --commit $(shell git rev-parse --short HEAD 2>/dev/null || echo unknown)
.PHONY: sim
sim: $(SIM) ## the simulation: SEED=1 N=200; SIM_FLAGS: --jobs 2, --cells, --check, --shrink, --faults, --trace (tests/sim/sim.c)
	$(Q)$(SIM_RUN) --seed $(or $(SEED),1) --count $(or $(N),200) $(SIM_FLAGS)

.PHONY: layers
layers: $(call obj,$(CORE)) ## the arrows of the layout: who includes what, what the core calls
	$(Q)tests/layers.sh $(CC) $(call obj,$(CORE))

.PHONY: fuzz
fuzz: ## every tests/fuzz/fuzz_*.c for T=60 seconds each
	$(Q)BUILD=$(BUILD) tests/fuzz/run.sh $(or $(T),60)

.PHONY: asan
asan: ## unit, store and simulation tests under AddressSanitizer and UBSan
	$(Q)$(MAKE) --no-print-directory FLAVOUR=asan check

# libzmq is not instrumented: what runs here are the readers beside the turn, the store, and the control socket.
TSAN := $(filter %/test_reader %/test_control,$(UNIT)) $(filter %lmdb,$(STORE_TESTS))
.PHONY: tsan tsan-run
tsan: ## the programs with threads, under ThreadSanitizer
	$(Q)$(MAKE) --no-print-directory -j$(JOBS) FLAVOUR=tsan tsan-run
tsan-run: $(TSAN)
	$(Q)$(RUN) $(B)/log $(call suite,$(TSAN))

VALGRIND := valgrind --quiet --error-exitcode=9 --leak-check=full --errors-for-leak-kinds=definite
.PHONY: valgrind
valgrind: $(UNIT) $(STORE_TESTS) ## unit and store tests under valgrind
	$(Q)$(RUN) $(B)/log $(foreach program,$(UNIT) $(STORE_TESTS),$(notdir $(program)) $(VALGRIND) $(program) --)

.PHONY: interop
interop: all ## a Python client written from PROTOCOL.md, and python3-hl7, against the real programs
	$(Q)SCHARNIER_DATA=$(if $(SCHARNIER_DATA),$(abspath $(SCHARNIER_DATA))) SCHARNIER_BUILD=$(abspath $(B)) /usr/bin/python3 tests/interop/run.py

.PHONY: bench
bench: $(B)/tests/bench/floor $(B)/tests/bench/durable $(SCHARNIERD) ## durable receipts against the bare floor: the ratio
	$(Q)tests/bench/run.sh $(B) $(or $(N),3)

# What make test runs beside `check`: with real processes, and with other compilers' eyes.
.PHONY: test
test: ## everything that CI runs; installs what is missing first
	$(Q).ci/deps test
	$(Q)$(MAKE) --no-print-directory -j$(JOBS) all test-programs
	$(Q)$(MAKE) --no-print-directory test-all

.PHONY: test-programs
test-programs: $(UNIT) $(STORE_TESTS) $(SIM) $(DUE_BATCH) $(SCENARIO) $(YEAR) $(POWER) $(FAULTS) $(LMDB_FAULTS) $(CRASH_BINS)

.PHONY: test-all
test-all: all test-programs
	$(Q)$(RUN) $(B)/log $(call suite,$(UNIT) $(STORE_TESTS)) \
	    sim $(SIM_RUN) --count 200 -- sim-again $(SIM) --seed 1001 --count 10 --check -- \
	    scenario $(SCENARIO) tests/scenario/*.scn -- $(YEAR_RUN) $(POWER_RUN) $(FAULTS_RUN) $(CRASH_RUN) $(GOLDEN) $(E2E_RUN) \
	    interop /usr/bin/python3 tests/interop/run.py -- \
	    asan $(MAKE) --no-print-directory -j$(JOBS) FLAVOUR=asan check N=8 -- \
	    fuzz env BUILD=$(BUILD) tests/fuzz/run.sh $(or $(T),60)
