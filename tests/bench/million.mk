# A million dossiers: worklist, ages and statistics of the real scharnierd, while submissions go on.

MILLION := $(B)/tests/bench/million
MILLION_FILL := $(B)/tests/bench/million_fill
$(MILLION_FILL): $(call obj,tests/bench/million_fill.c) $(LIB_SHELL) $(LIB_PORTS) $(LIB_CORE) $(LIB_PROTO)
	$(call link,$(filter %.o,$^) $(call grouped,$(filter %.a,$^)),$(BROKER_LIBS))

.PHONY: bench-million
bench-million: $(MILLION) $(MILLION_FILL) $(SCHARNIERD) ## queries over N=1000000 dossiers, idle and while submissions go on
	$(Q)tests/bench/million.sh $(B) $(or $(N),1000000)
