/* test_hl7v2_config.c: the HL7v2 adapter's configuration: what is read, and what is said about what is wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../adapters/hl7v2/config.h"
#include "../../adapters/hl7v2/mllp.h"

#define ADAPTER "[adapter]\nside = his\nclient_config = linde.conf\nmap = /etc/his.map.ini\nstate = state\n"
#define PEER "[peer]\nhost = 127.0.0.1\nport = 2576\n"

struct told {
    char lines[1024];
    unsigned count;
};

static void tell(void *context, const char *line)
{
    struct told *told = context;
    size_t used = strlen(told->lines);
    snprintf(told->lines + used, sizeof told->lines - used, "%s\n", line);
    told->count++;
}

static int read_text(const char *text, struct sch_hl7v2_config *config, struct told *told)
{
    char path[] = "/tmp/sch-hl7v2-XXXXXX";
    int fd = mkstemp(path);
    sch_error error = SCH_ERROR_INIT;
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
    memset(told, 0, sizeof *told);
    int code = sch_hl7v2_config_read(path, tell, told, config, &error);
    unlink(path);
    assert_int_equal(error.code, code);
    assert_int_equal(code == SCH_OK, told->count == 0);
    return code;
}

static void test_what_is_not_said(void **state)
{
    struct sch_hl7v2_config config;
    struct told told;
    (void)state;
    assert_int_equal(read_text(ADAPTER PEER, &config, &told), SCH_OK);
    assert_int_equal(config.side, SCH_SIDE_HIS);
    assert_string_equal(config.client_config, "/tmp/linde.conf");
    assert_string_equal(config.map, "/etc/his.map.ini");
    assert_string_equal(config.state, "/tmp/state");
    assert_string_equal(config.listen_address, "127.0.0.1");
    assert_int_equal(config.listen_port, 0);
    assert_int_equal(config.frame_max, SCH_MLLP_FRAME_MAX);
    assert_int_equal(config.answer_ms, 20000);
    assert_int_equal(config.ack_timeout_ms, 30000);
    assert_int_equal(config.keep_days, 1095);
    assert_int_equal(config.window, 8);
    assert_false(config.log_json);
}

static void test_values(void **state)
{
    struct sch_hl7v2_config config;
    struct told told;
    (void)state;
    assert_int_equal(read_text("[listen]\naddress = ::1\nport = 65535\nframe_max = 1024\nanswer_timeout = 600\n"
                               "[peer]\nhost = epd.example\nport = 1\nack_timeout = 1\n"
                               ADAPTER "log = json\nkeep_days = 36500\nwindow = 64\n", &config, &told), SCH_OK);
    assert_string_equal(config.listen_address, "::1");
    assert_int_equal(config.listen_port, 65535);
    assert_int_equal(config.frame_max, 1024);
    assert_int_equal(config.answer_ms, 600000);
    assert_string_equal(config.peer_host, "epd.example");
    assert_int_equal(config.peer_port, 1);
    assert_int_equal(config.ack_timeout_ms, 1000);
    assert_true(config.log_json);
    assert_int_equal(config.keep_days, 36500);
    assert_int_equal(config.window, 64);
}

static void test_faults(void **state)
{
    static const struct {
        const char *text, *said;
    } row[] = {
        { ADAPTER "  log = json\n" PEER, ":6: state takes one line; this one is indented, and so continues it" },
        { ADAPTER PEER "[adapter]\nlog = json\n", ":9: [adapter] stands twice" },
        { ADAPTER PEER "prot = 1\n", ":9: unknown key \"prot\"; did you mean \"port\"?" },
        { ADAPTER PEER "[lisen]\n", ":9: unknown section \"lisen\"; did you mean \"listen\"?" },
        { ADAPTER "log = xml\n" PEER, ":6: log is text or json" },
        { ADAPTER "keep_days = 36501\n" PEER, ":6: keep_days = \"36501\": expected a number from 0 to 36500" },
        { ADAPTER "window = 0\n" PEER, ":6: window = \"0\": expected a number from 1 to 64" },
        { ADAPTER "window = 65\n" PEER, ":6: window = \"65\": expected a number from 1 to 64" },
        { ADAPTER PEER "[listen]\nframe_max = 1023\n", ":10: frame_max = \"1023\"" },
        { ADAPTER PEER "[listen]\nanswer_timeout = 601\n", ":10: answer_timeout = \"601\"" },
        { ADAPTER PEER "[listen]\naddress =\n", ":10: address is empty or longer than 63 bytes" },
        { ADAPTER PEER "ack_timeout = 0\n", ":9: ack_timeout = \"0\"" },
        { ADAPTER "[peer]\nhost = x\nport = 0\n", ":8: port = \"0\": expected a number from 1 to 65535" },
        { "[adapter]\nside = gp\n" PEER, ":2: side is his or epd" },
        { PEER, ": [adapter] side is missing" },
        { "[adapter]\nside = epd\n" PEER, ": [adapter] client_config is missing" },
        { "[adapter]\nside = epd\nclient_config = c\n" PEER, ": [adapter] map is missing" },
        { "[adapter]\nside = epd\nclient_config = c\nmap = m\n" PEER, ": [adapter] state is missing" },
        { ADAPTER, ": [peer] host is missing" },
        { ADAPTER "[peer]\nhost = x\n", ": [peer] port is missing" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        struct sch_hl7v2_config config;
        struct told told;
        assert_int_equal(read_text(row[i].text, &config, &told), SCH_E_CONFIG);
        if (strstr(told.lines, row[i].said) == NULL)
            fail_msg("\"%s\" does not say \"%s\"", told.lines, row[i].said);
    }
}

static void test_no_file(void **state)
{
    struct sch_hl7v2_config config;
    sch_error error = SCH_ERROR_INIT;
    (void)state;
    assert_int_equal(sch_hl7v2_config_read("/nonexistent/his.conf", NULL, NULL, &config, &error), SCH_E_IO);
    assert_non_null(strstr(error.text, "/nonexistent/his.conf"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_not_said),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_faults),
        cmocka_unit_test(test_no_file),
    };
    return cmocka_run_group_tests_name("hl7v2_config", tests, NULL, NULL);
}
