/*
 * fuzz_config.c: any bytes as one of the files that an operator writes: scharnierd.conf, client.conf,
 * hl7v2.conf, an HL7v2 map, a key file.
 *
 * The first byte chooses. No file has a name: all are read through descriptors, keys and norms too. Held:
 * what is accepted keeps to the ranges that the headers state; what is refused has a code, a text that names
 * the file, and was reported; a key that is taken is the line that is written for it; nothing is left open.
 */
#include <assert.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../adapters/client/config.h"
#include "../../adapters/hl7v2/config.h"
#include "../../adapters/hl7v2/map_file.h"
#include "../../adapters/hl7v2/mllp.h"
#include "id.h"
#include "shell/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

/* Descriptors by number, so that "curve_key = 101" in a file finds a key: its folder is /proc/self/fd. */
enum { FILE_FD = 100, TRANSPORT_FD, SIGN_FD, SEAL_FD, NORMS_FD, PERMITS_FD };

static char path[64];

static void put_file(int fd, const void *content, size_t size)
{
    int made = memfd_create("f", 0);
    if (made < 0 || fchmod(made, 0600) != 0 || pwrite(made, content, size, 0) != (ssize_t)size ||
        dup2(made, fd) != fd)
        abort();
    close(made);
}

static void put_copy(int fd, const char *from)
{
    static char content[65536];
    FILE *in = fopen(from, "rb");
    if (in == NULL)
        abort();
    put_file(fd, content, fread(content, 1, sizeof content, in));
    (void)fclose(in);
}

static void put_key(int fd, enum sch_key_use use, const char *name)
{
    struct sch_key_pair pair;
    char hex[129], line[256];
    if (sch_key_pair_new(&pair, use) != SCH_OK)
        abort();
    (void)sodium_bin2hex(hex, sizeof hex, pair.secret_key, use == SCH_KEY_SIGN ? 64 : 32);
    int size = snprintf(line, sizeof line, "scharnier-%s-key %s\n", name, hex);
    put_file(fd, line, (size_t)size);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    if (sodium_init() < 0)
        abort();
    put_file(FILE_FD, "", 0);
    put_key(TRANSPORT_FD, SCH_KEY_TRANSPORT, "transport");
    put_key(SIGN_FD, SCH_KEY_SIGN, "sign");
    put_key(SEAL_FD, SCH_KEY_SEAL, "seal");
    put_copy(NORMS_FD, "adapters/norms/nl.ini");
    put_copy(PERMITS_FD, "adapters/norms/permits.ini");
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", FILE_FD);
    return 0;
}

static void count_report(void *context, const char *line)
{
    assert(line[0] != '\0');
    (*(unsigned *)context)++;
}

/* What is wrong begins with the file in which it is: `file`. */
static int check_end(int code, unsigned reports, const sch_error *error, const char *file)
{
    assert((int)error->code == code);
    if (code == SCH_OK)
        return 1;
    assert(strncmp(error->text, file, strlen(file)) == 0 && strstr(error->text, ": ") != NULL && reports > 0);
    return 0;
}

static void try_broker(struct sch_bytes bytes)
{
    struct sch_config config;
    sch_error error = SCH_ERROR_INIT;
    unsigned reports = 0;
    (void)bytes;
    int code = sch_config_load(&config, path, count_report, &reports, &error);
    assert(reports == config.error_count + config.warning_count);
    assert((code == SCH_OK) == (config.error_count == 0));
    /* A key file that cannot be read is named itself; it may lie anywhere. */
    if (check_end(code, reports, &error, "/")) {
        assert(config.listen_count > 0 && config.listen_count <= SCH_NET_ENDPOINTS_MAX);
        assert(config.store[0] != '\0' && config.io_threads > 0);
    }
    sch_config_close(&config);
    for (size_t i = 0; i < sizeof config.key.secret_key; i++)
        assert(config.key.secret_key[i] == 0);
}

static void try_client(struct sch_bytes bytes)
{
    struct sch_client_config config;
    sch_error error = SCH_ERROR_INIT;
    unsigned reports = 0;
    (void)bytes;
    int code = sch_client_config_load(&config, path, count_report, &reports, &error);
    if (check_end(code, reports, &error, path)) {
        assert(config.endpoint[0] != '\0' && config.region_count <= SCH_CLIENT_REGIONS_MAX);
        for (size_t i = 0; i < config.mailbox_count; i++)
            assert(sch_client_config_mailbox(&config, config.address[i].text) == &config.mailbox[i]);
    }
    sch_client_config_close(&config);
}

static void try_hl7v2(struct sch_bytes bytes)
{
    struct sch_hl7v2_config config;
    sch_error error = SCH_ERROR_INIT;
    unsigned reports = 0;
    (void)bytes;
    int code = sch_hl7v2_config_read(path, count_report, &reports, &config, &error);
    if (!check_end(code, reports, &error, path))
        return;
    assert(config.side == SCH_SIDE_HIS || config.side == SCH_SIDE_EPD);
    assert(config.peer_port >= 1 && config.peer_port <= 65535 && config.listen_port <= 65535);
    assert(config.frame_max >= 1024 && config.frame_max <= SCH_MLLP_FRAME_MAX && config.window >= 1);
    assert(config.window <= 64 && config.answer_ms >= 1000 && config.ack_timeout_ms >= 1000);
}

static void check_map(const struct sch_map *map)
{
    assert(map->rule_count <= SCH_MAP_RULES_MAX && map->code_count <= SCH_MAP_CODES_MAX);
    assert(map->receiver_count <= SCH_MAP_RECEIVERS_MAX && map->term_count <= SCH_MAP_TERMS_MAX);
    for (size_t i = 0; i < map->receiver_count; i++)
        assert(sch_address_valid(map->receivers[i].address.text));
    for (size_t i = 0; i < map->rule_count; i++) {
        assert(strlen(map->rules[i].type) == SCH_MAP_TYPE_SIZE - 1 && map->rules[i].kind < SCH_KIND_COUNT);
        for (size_t part = 0; part < SCH_MAP_PART_COUNT; part++)
            assert(map->rules[i].part[part].count <= SCH_MAP_PATHS_MAX);
    }
    for (size_t kind = 0; kind < SCH_KIND_COUNT; kind++)
        assert(map->form[kind] < SCH_MAP_FORM_COUNT);
}

static void try_map(struct sch_bytes bytes)
{
    struct sch_map map;
    sch_error error = SCH_ERROR_INIT;
    int code = sch_map_file_parse("f.ini", (const char *)bytes.ptr, bytes.len, &map, &error);
    assert((int)error.code == code && (code == SCH_OK || strncmp(error.text, "f.ini:", 6) == 0));
    if (code == SCH_OK)
        check_map(&map);
    sch_map_close(&map);
}

/* A key that is taken is the very line that would be written for it, with any end of line. */
static void try_key(struct sch_bytes bytes)
{
    static const char *const uses[] = { "", "transport", "sign", "seal" };
    struct sch_key_pair pair;
    sch_error error = SCH_ERROR_INIT;
    char line[256], hex[129];
    if (sch_key_pair_load(&pair, path, &error) != SCH_OK) {
        assert(error.code == SCH_E_KEY_FILE);
        return;
    }
    size_t secret = pair.use == SCH_KEY_SIGN ? 64 : 32;
    (void)sodium_bin2hex(hex, sizeof hex, pair.secret_key, secret);
    int length = snprintf(line, sizeof line, "scharnier-%s-key %s", uses[pair.use], hex);
    assert(length > 0 && bytes.len >= (size_t)length);
    for (int i = 0; i < length; i++)
        assert((bytes.ptr[i] | 0x20) == (line[i] | 0x20));
    for (size_t i = (size_t)length; i < bytes.len && i < sizeof line - 1; i++)
        assert(bytes.ptr[i] == '\n' || bytes.ptr[i] == '\r');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const targets[])(struct sch_bytes) = { try_broker, try_client, try_hl7v2, try_map,
                                                         try_key };
    if (size == 0)
        return 0;
    struct sch_bytes bytes = { data + 1, size - 1 };
    if (ftruncate(FILE_FD, 0) != 0 || pwrite(FILE_FD, bytes.ptr, bytes.len, 0) != (ssize_t)bytes.len)
        abort();
    int before = dup(FILE_FD);
    close(before);
    targets[data[0] % 5](bytes);
    int after = dup(FILE_FD);
    close(after);
    assert(before == after);            /* nothing was left open */
    return 0;
}
