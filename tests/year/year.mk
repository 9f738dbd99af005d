# A region-year in fast time, against the real turn. Included by the Makefile.

YEAR := $(B)/tests/year/year
YEAR_C := $(wildcard tests/year/*.c)
$(YEAR): $(call obj,$(YEAR_C)) $(LIB_TEST) $(LIB_SHELL) $(LIB_CORE) $(LIB_PROTO)
	$(call link,$(call obj,$(YEAR_C)) -Wl$(comma)--start-group $(LIB_TEST) $(LIB_SHELL) $(LIB_CORE) $(LIB_PROTO) -Wl$(comma)--end-group,$(BROKER_LIBS) -lm)

# A small year, as a suite of tests/run.sh.
YEAR_RUN := year $(YEAR) --dossiers 1500 --

.PHONY: year
year: $(YEAR) ## 365 days of a region in fast time, and who judges it (SEED=1 DOSSIERS=20000)
	$(Q)$(YEAR) --seed $(or $(SEED),1) --dossiers $(or $(DOSSIERS),20000)
