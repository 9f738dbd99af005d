/*
 * fuzz_ini.c: any bytes as an INI file, with a handler that tries every kind of value.
 *
 * Held: no section, name or value is longer than a line; a failure is reported with file and line, and
 * nothing is reported without a failure.
 */
#include <assert.h>
#include <string.h>

#include "ini.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct outcome {
    unsigned reports;
};

static int handle(void *context, const struct sch_ini *ini, const char *section, const char *name,
                  const char *value)
{
    static const char *const words[] = { "number", "flag", "key", "time", "list" };
    (void)context;
    assert(strlen(section) <= 199);
    if (name == NULL) {
        assert(value == NULL && section[0] != '\0');
        return SCH_OK;
    }
    assert(name[0] != '\0' && strlen(name) <= 49 && strlen(value) <= 199);
    uint64_t number;
    bool flag;
    uint8_t key[32];
    int64_t time_ms;
    switch (name[0]) {
    case 'n': {
        int code = sch_ini_uint(ini, SCH_E_CONFIG, name, value, 3, 70, &number);
        assert(code != SCH_OK || (number >= 3 && number <= 70));
        return code;
    }
    case 'f':
        return sch_ini_bool(ini, SCH_E_CONFIG, name, value, &flag);
    case 'k':
        return sch_ini_hex(ini, SCH_E_CONFIG, name, value, key, sizeof key);
    case 't': {
        int code = sch_ini_time(ini, SCH_E_CONFIG, name, value, &time_ms);
        assert(code != SCH_OK || (time_ms > -86400000 && time_ms < INT64_C(253402387200000)));
        return code;
    }
    case 'l':
        return SCH_OK;
    default:
        return sch_ini_unknown(ini, SCH_E_NORM_FORMAT, "key", name, words, 5);
    }
}

static void report(void *context, const char *line)
{
    struct outcome *outcome = context;
    outcome->reports++;
    assert(strncmp(line, "f.ini:", 6) == 0 && line[6] >= '1' && line[6] <= '9');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct outcome outcome = { 0 };
    sch_error error = SCH_ERROR_INIT;
    int code = sch_ini_read_bytes("f.ini", data, size, handle, report, &outcome, &error);
    assert((code != SCH_OK) == (outcome.reports > 0));
    assert((int)error.code == code);
    return 0;
}
