/*
 * config.c: reads scharnierd.conf through proto/ini.h: one table of keys, one function per form of value.
 */
#include "config.h"

#include <assert.h>
#include <ctype.h>
#include <sodium.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "names.h"
#include "norm_file.h"
#include "permit_file.h"

#define RESERVE_DEFAULT (UINT64_C(512) << 20)
#define E1_HOLD_DEFAULT_MS INT64_C(900000)

enum form { FORM_LISTEN, FORM_PATH, FORM_BOOL, FORM_SIZE, FORM_UINT, FORM_DURATION, FORM_FORMAT, FORM_LEVEL,
            FORM_HTTP, FORM_TIME, FORM_REGION_PATH, FORM_REGION_KEY };

/* Every key of the file. offset: where the value goes in struct sch_config. */
struct key {
    const char *section;
    const char *name;
    enum form form;
    bool required;
    size_t offset;
    uint64_t min, max;
};

#define AT(member) offsetof(struct sch_config, member)
static const struct key keys[] = {
    { "broker", "listen", FORM_LISTEN, true, AT(listen), 0, 0 },
    { "broker", "curve_key", FORM_PATH, true, AT(curve_key), 0, 0 },
    { "broker", "store", FORM_PATH, true, AT(store), 0, 0 },
    { "broker", "verify_signatures", FORM_BOOL, false, AT(verify_signatures), 0, 0 },
    { "broker", "reserve", FORM_SIZE, false, AT(reserve_bytes), 1 << 20, UINT64_C(1) << 44 },
    { "broker", "map_size", FORM_SIZE, false, AT(map_bytes), 1 << 20, UINT64_C(1) << 44 },
    { "broker", "io_threads", FORM_UINT, false, AT(io_threads), 1, 16 },
    { "broker", "log_format", FORM_FORMAT, false, AT(log_format), 0, 0 },
    { "broker", "log_level", FORM_LEVEL, false, AT(log_level), 0, 0 },
    { "broker", "development", FORM_BOOL, false, AT(development), 0, 0 },
    { "region", "directory", FORM_REGION_PATH, false, 0, 0, 0 },
    { "region", "key", FORM_REGION_KEY, false, 0, 0, 0 },
    { "norms", "file", FORM_PATH, true, AT(book.norms_path), 0, 0 },
    { "permits", "file", FORM_PATH, true, AT(book.permits_path), 0, 0 },
    { "http", "listen", FORM_HTTP, false, AT(http_host), 0, 0 },
    { "clock", "rate", FORM_UINT, false, AT(clock.rate), 1, SCH_CLOCK_RATE_MAX },
    { "clock", "start", FORM_TIME, false, AT(clock.start_ms), 0, 0 },
    { "clock", "since", FORM_TIME, false, AT(clock.since_ms), 0, 0 },
    { "clock", "e1_hold", FORM_DURATION, false, AT(e1_hold_ms), 0, 86400000 },
};
#define KEY_COUNT (sizeof keys / sizeof *keys)
static const char *const sections[] = { "broker", "region", "norms", "permits", "http", "clock" };
#define SECTION_COUNT (sizeof sections / sizeof *sections)

struct reader {
    struct sch_config *config;
    sch_config_report_fn *report;
    void *context;
    sch_error *error;
    int code;                           /* of the first error */
    bool seen[KEY_COUNT];
    bool begun[SECTION_COUNT];
    bool skip;                          /* the section itself was wrong: its lines say nothing new */
};

/* ---- reports ------------------------------------------------------------------------------------ */

/* Inserts "error: " behind "file:14: ", as compilers print it. */
static void report_ini(void *context, const char *line)
{
    struct reader *reader = context;
    char text[640];
    const char *what = strstr(line, ": ");
    size_t where = what == NULL ? 0 : (size_t)(what + 2 - line);
    snprintf(text, sizeof text, "%.*serror: %s", (int)where, line, line + where);
    reader->config->error_count++;
    if (reader->report != NULL)
        reader->report(reader->context, text);
}

/* An error that stands on no line. */
static void note(struct reader *reader, enum sch_error_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static void note(struct reader *reader, enum sch_error_code code, const char *format, ...)
{
    char text[320];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (reader->code == SCH_OK)
        reader->code = sch_fail(reader->error, code, "%s", text);
    report_ini(reader, text);
}

static void warn(struct reader *reader, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void warn(struct reader *reader, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    reader->config->warning_count++;
    if (reader->report != NULL)
        reader->report(reader->context, text);
}

/* ---- values ------------------------------------------------------------------------------------- */

/* A path as it is, or from the configuration's own directory. */
static int set_path(struct reader *reader, const struct sch_ini *ini, const char *value, char *path)
{
    const char *slash = value[0] == '/' ? NULL : strrchr(reader->config->path, '/');
    int base = slash == NULL ? 0 : (int)(slash + 1 - reader->config->path);
    int size = snprintf(path, SCH_CONFIG_PATH_MAX + 1, "%.*s%s", base, reader->config->path, value);
    if (value[0] == '\0')
        return sch_ini_error(ini, SCH_E_CONFIG, "a path is missing");
    if (size > SCH_CONFIG_PATH_MAX)
        return sch_ini_error(ini, SCH_E_CONFIG, "the path is longer than %d bytes", SCH_CONFIG_PATH_MAX);
    return SCH_OK;
}

/* One endpoint, or several by comma or on continued lines. */
static int set_listen(struct sch_config *config, const struct sch_ini *ini, const char *value)
{
    while (*value != '\0') {
        size_t size = strcspn(value, ", \t");
        if (size > 0) {
            if (strncmp(value, "tcp://", 6) != 0 || memchr(value + 6, ':', size - 6) == NULL)
                return sch_ini_error(ini, SCH_E_CONFIG, "listen takes tcp://ADDRESS:PORT, not \"%.*s\"",
                                     (int)size, value);
            if (size > SCH_NET_ENDPOINT_MAX || config->listen_count == SCH_NET_ENDPOINTS_MAX)
                return sch_ini_error(ini, SCH_E_CONFIG, "at most %d addresses of %d bytes",
                                     SCH_NET_ENDPOINTS_MAX, SCH_NET_ENDPOINT_MAX);
            memcpy(config->listen[config->listen_count++], value, size);
        }
        value += size + (value[size] != '\0');
    }
    return SCH_OK;
}

/* A number with one of the unit letters; scale[i] belongs to letters[i]. */
static int set_scaled(const struct key *key, const struct sch_ini *ini, const char *value,
                      const char *letters, const uint64_t *scale, uint64_t *out)
{
    char *end;
    uint64_t number = strtoull(value, &end, 10);
    const char *letter = *end == '\0' ? NULL : strchr(letters, *end);
    if (end == value || !isdigit((unsigned char)value[0]) || letter == NULL || end[1] != '\0')
        return sch_ini_error(ini, SCH_E_CONFIG, "%s takes a number with a unit (%s), not \"%s\"", key->name,
                             letters, value);
    uint64_t unit = scale[letter - letters];
    if (number > key->max / unit || number * unit < key->min)
        return sch_ini_error(ini, SCH_E_CONFIG, "%s is out of its range", key->name);
    *out = number * unit;
    return SCH_OK;
}

static int set_size(const struct key *key, const struct sch_ini *ini, const char *value, uint64_t *out)
{
    static const uint64_t scale[] = { UINT64_C(1) << 10, UINT64_C(1) << 20, UINT64_C(1) << 30,
                                      UINT64_C(1) << 40 };
    return set_scaled(key, ini, value, "KMGT", scale, out);
}

static int set_duration(const struct key *key, const struct sch_ini *ini, const char *value, int64_t *out_ms)
{
    static const uint64_t scale[] = { 1000, 60000, 3600000 };
    uint64_t ms = 0;
    int code = set_scaled(key, ini, value, "smh", scale, &ms);
    if (code == SCH_OK)
        *out_ms = (int64_t)ms;
    return code;
}

/* The index of a word. */
static int set_word(const struct key *key, const struct sch_ini *ini, const char *value,
                    const char *const *words, size_t count, size_t *index)
{
    for (*index = 0; *index < count; (*index)++)
        if (strcmp(value, words[*index]) == 0)
            return SCH_OK;
    return sch_ini_unknown(ini, SCH_E_CONFIG, key->name, value, words, count);
}

static int set_format(struct sch_config *config, const struct key *key, const struct sch_ini *ini,
                      const char *value)
{
    static const char *const words[] = { "text", "json" };
    size_t index;
    int code = set_word(key, ini, value, words, 2, &index);
    if (code == SCH_OK)
        config->log_format = index == 1 ? SCH_LOG_JSON : SCH_LOG_TEXT;
    return code;
}

static int set_level(struct sch_config *config, const struct key *key, const struct sch_ini *ini,
                     const char *value)
{
    static const char *const words[] = { "error", "warning", "info", "debug" };
    static const enum sch_log_level levels[] = { SCH_LOG_ERROR, SCH_LOG_WARNING, SCH_LOG_INFO,
                                                 SCH_LOG_DEBUG };
    size_t index;
    int code = set_word(key, ini, value, words, 4, &index);
    if (code == SCH_OK)
        config->log_level = levels[index];
    return code;
}

/* The loopback address before the port: without TLS nothing else is offered. */
static int set_http(struct sch_config *config, const struct sch_ini *ini, const char *value)
{
    if (strcmp(value, "none") == 0)
        return SCH_OK;
    const char *colon = strrchr(value, ':');
    size_t size = colon == NULL ? 0 : (size_t)(colon - value);
    bool loopback = (size >= 4 && size < sizeof config->http_host && strncmp(value, "127.", 4) == 0)
                    || (size == 5 && strncmp(value, "[::1]", 5) == 0);
    if (!loopback)
        return sch_ini_error(ini, SCH_E_CONFIG,
                             "[http] listens on loopback only: 127.0.0.1:PORT, [::1]:PORT or none, "
                             "not \"%s\"; put a reverse proxy with TLS before it", value);
    uint64_t port;
    int code = sch_ini_uint(ini, SCH_E_CONFIG, "port", colon + 1, 0, 65535, &port);
    if (code != SCH_OK)
        return code;
    bool brackets = value[0] == '[';
    snprintf(config->http_host, sizeof config->http_host, "%.*s", (int)(size - (brackets ? 2 : 0)),
             value + (brackets ? 1 : 0));
    config->http_port = (uint16_t)port;
    config->http = true;
    return SCH_OK;
}

/* ---- lines -------------------------------------------------------------------------------------- */

static int begin_region(struct sch_config *config, const struct sch_ini *ini, const char *region)
{
    region += strspn(region, " \t");
    size_t size = strspn(region, "abcdefghijklmnopqrstuvwxyz0123456789-");
    if (size == 0 || size > SCH_REGION_MAX || region[size] != '\0')
        return sch_ini_error(ini, SCH_E_CONFIG, "\"%s\" is no region code: a-z, 0-9 and \"-\"", region);
    struct sch_book_source *book = &config->book;
    for (size_t i = 0; i < book->directory_count; i++)
        if (strcmp(book->directory[i].region, region) == 0)
            return sch_ini_error(ini, SCH_E_CONFIG, "[region %s] stands twice", region);
    if (book->directory_count == SCH_BOOK_DIRECTORIES_MAX)
        return sch_ini_error(ini, SCH_E_CONFIG, "more than %d regions", SCH_BOOK_DIRECTORIES_MAX);
    memcpy(book->directory[book->directory_count++].region, region, size + 1);
    return SCH_OK;
}

static int begin_section(struct reader *reader, const struct sch_ini *ini, const char *section)
{
    reader->skip = true;
    int code = SCH_OK;
    if (strncmp(section, "region ", 7) == 0) {
        code = begin_region(reader->config, ini, section + 7);
    } else if (strcmp(section, "region") == 0) {
        code = sch_ini_error(ini, SCH_E_CONFIG, "write [region NAME], with the region's code");
    } else {
        size_t i = 0;
        while (i < SECTION_COUNT && strcmp(section, sections[i]) != 0)
            i++;
        if (i == SECTION_COUNT)
            code = sch_ini_unknown(ini, SCH_E_CONFIG, "section", section, sections, SECTION_COUNT);
        else if (reader->begun[i])
            code = sch_ini_error(ini, SCH_E_CONFIG, "[%s] stands twice", section);
        else
            reader->begun[i] = true;
    }
    reader->skip = code != SCH_OK;
    return code;
}

static int unknown_key(const struct sch_ini *ini, const char *section, size_t size, const char *name)
{
    const char *names[KEY_COUNT];
    size_t count = 0;
    for (size_t i = 0; i < KEY_COUNT; i++)
        if (strlen(keys[i].section) == size && strncmp(keys[i].section, section, size) == 0)
            names[count++] = keys[i].name;
    return sch_ini_unknown(ini, SCH_E_CONFIG, "key", name, names, count);
}

static int set_uint(const struct key *key, const struct sch_ini *ini, const char *value, unsigned *out)
{
    uint64_t number = 0;
    int code = sch_ini_uint(ini, SCH_E_CONFIG, key->name, value, key->min, key->max, &number);
    if (code == SCH_OK)
        *out = (unsigned)number;
    return code;
}

static int set_value(struct reader *reader, const struct sch_ini *ini, const struct key *key,
                     const char *value)
{
    struct sch_config *config = reader->config;
    struct sch_book_source *book = &config->book;
    void *target = (char *)config + key->offset;
    switch (key->form) {
    case FORM_LISTEN: return set_listen(config, ini, value);
    case FORM_PATH: return set_path(reader, ini, value, target);
    case FORM_BOOL: return sch_ini_bool(ini, SCH_E_CONFIG, key->name, value, target);
    case FORM_SIZE: return set_size(key, ini, value, target);
    case FORM_UINT: return set_uint(key, ini, value, target);
    case FORM_DURATION: return set_duration(key, ini, value, target);
    case FORM_FORMAT: return set_format(config, key, ini, value);
    case FORM_LEVEL: return set_level(config, key, ini, value);
    case FORM_HTTP: return set_http(config, ini, value);
    case FORM_TIME: return sch_ini_time(ini, SCH_E_CONFIG, key->name, value, target);
    case FORM_REGION_PATH:
        return set_path(reader, ini, value, book->directory[book->directory_count - 1].path);
    case FORM_REGION_KEY:
        return sch_ini_hex(ini, SCH_E_CONFIG, key->name, value,
                           book->directory[book->directory_count - 1].key, 32);
    }
    assert(false);
    return SCH_E_INTERNAL;
}

static int read_line(void *context, const struct sch_ini *ini, const char *section, const char *name,
                     const char *value)
{
    struct reader *reader = context;
    if (name == NULL)
        return begin_section(reader, ini, section);
    if (section[0] == '\0')
        return sch_ini_error(ini, SCH_E_CONFIG, "\"%s\" stands before the first [section]", name);
    if (reader->skip)
        return SCH_OK;
    size_t size = strcspn(section, " ");
    for (size_t i = 0; i < KEY_COUNT; i++) {
        if (strlen(keys[i].section) != size || strncmp(keys[i].section, section, size) != 0
            || strcmp(keys[i].name, name) != 0)
            continue;
        reader->seen[i] = true;
        int code = keys[i].form == FORM_LISTEN ? SCH_OK : sch_ini_one_line(ini, SCH_E_CONFIG, name);
        return code != SCH_OK ? code : set_value(reader, ini, &keys[i], value);
    }
    return unknown_key(ini, section, size, name);
}

/* ---- the whole ----------------------------------------------------------------------------------- */

static void check_required(struct reader *reader)
{
    struct sch_config *config = reader->config;
    for (size_t i = 0; i < KEY_COUNT; i++)
        if (keys[i].required && !reader->seen[i])
            note(reader, SCH_E_CONFIG, "%s: there is no line \"%s\" in [%s]", config->path, keys[i].name,
                 keys[i].section);
    if (config->book.directory_count == 0)
        note(reader, SCH_E_CONFIG, "%s: there is no [region NAME] with directory and key", config->path);
    static const uint8_t none[32];
    for (size_t i = 0; i < config->book.directory_count; i++) {
        const char *region = config->book.directory[i].region;
        if (config->book.directory[i].path[0] == '\0')
            note(reader, SCH_E_CONFIG, "%s: there is no line \"directory\" in [region %s]", config->path,
                 region);
        if (sodium_memcmp(config->book.directory[i].key, none, sizeof none) == 0)
            note(reader, SCH_E_CONFIG, "%s: there is no line \"key\" in [region %s]", config->path, region);
    }
}

/* What would make a real region's clock or door a toy. */
static void check_development(struct reader *reader)
{
    struct sch_config *config = reader->config;
    if (!config->development
        && (config->clock.rate > 1 || config->clock.start_ms > 0 || config->clock.since_ms > 0))
        note(reader, SCH_E_CONFIG, "%s: [clock] rate, start and since need \"development = yes\" in [broker]",
             config->path);
    if (!config->development)
        return;
    for (size_t i = 0; i < config->listen_count; i++)
        if (strncmp(config->listen[i], "tcp://127.", 10) != 0
            && strncmp(config->listen[i], "tcp://[::1]", 11) != 0)
            warn(reader, "%s: warning: development = yes, and %s is not loopback", config->path,
                 config->listen[i]);
}

static void load_key(struct reader *reader)
{
    struct sch_config *config = reader->config;
    sch_error cause = SCH_ERROR_INIT;
    struct stat status;
    if (config->curve_key[0] == '\0')
        return;
    if (sch_key_pair_load(&config->key, config->curve_key, &cause) != SCH_OK) {
        note(reader, cause.code, "%s", cause.text);
        return;
    }
    if (config->key.use != SCH_KEY_TRANSPORT)
        note(reader, SCH_E_KEY_FILE, "%s: is no transport key", config->curve_key);
    if (stat(config->curve_key, &status) == 0 && (status.st_mode & 0077) != 0)
        warn(reader, "%s: warning: mode %04o, expected 0600", config->curve_key,
             (unsigned)(status.st_mode & 07777));
}

int sch_config_load(struct sch_config *config, const char *path, sch_config_report_fn *report, void *context,
                    sch_error *error)
{
    struct reader reader = { .config = config, .report = report, .context = context, .error = error };
    memset(config, 0, sizeof *config);
    config->verify_signatures = true;
    config->reserve_bytes = RESERVE_DEFAULT;
    config->io_threads = 1;
    config->log_level = SCH_LOG_INFO;
    config->clock.rate = 1;
    config->e1_hold_ms = E1_HOLD_DEFAULT_MS;
    if (snprintf(config->path, sizeof config->path, "%s", path) > SCH_CONFIG_PATH_MAX)
        return sch_fail(error, SCH_E_CONFIG, "the configuration's path is longer than %d bytes",
                        SCH_CONFIG_PATH_MAX);
    reader.code = sch_ini_read_file(path, read_line, report_ini, &reader, error);
    if (reader.code == SCH_E_IO || reader.code == SCH_E_NO_MEMORY) {
        if (config->error_count == 0)
            report_ini(&reader, error == NULL ? path : error->text);
        return reader.code;
    }
    check_required(&reader);
    check_development(&reader);
    load_key(&reader);
    return reader.code;
}

void sch_config_close(struct sch_config *config)
{
    sodium_memzero(&config->key, sizeof config->key);
}

const char *sch_config_fixed(const struct sch_config *running, const struct sch_config *fresh)
{
    if (running->listen_count != fresh->listen_count
        || memcmp(running->listen, fresh->listen, sizeof running->listen) != 0)
        return "listen";
    if (sodium_memcmp(&running->key, &fresh->key, sizeof running->key) != 0)
        return "curve_key";
    if (strcmp(running->store, fresh->store) != 0)
        return "store";
    if (running->map_bytes != fresh->map_bytes)
        return "map_size";
    if (running->reserve_bytes != fresh->reserve_bytes)
        return "reserve";
    if (running->verify_signatures != fresh->verify_signatures)
        return "verify_signatures";
    if (running->io_threads != fresh->io_threads)
        return "io_threads";
    if (running->http != fresh->http || running->http_port != fresh->http_port
        || strcmp(running->http_host, fresh->http_host) != 0)
        return "[http] listen";
    if (running->clock.rate != fresh->clock.rate || running->clock.start_ms != fresh->clock.start_ms
        || running->clock.since_ms != fresh->clock.since_ms || running->e1_hold_ms != fresh->e1_hold_ms)
        return "[clock]";
    return NULL;
}

/* ---- --check-config ------------------------------------------------------------------------------ */

static void print_line(void *context, const char *line)
{
    fprintf(context, "%s\n", line);
}

/* The files of the book one by one, so that each shows all of its faults; then the book as a whole. */
static void check_book(struct reader *reader, int64_t now_ms, FILE *out)
{
    const struct sch_book_source *source = &reader->config->book;
    unsigned before = reader->config->error_count;
    struct sch_norms *norms = calloc(1, sizeof *norms);
    struct sch_permits permits;
    sch_error cause = SCH_ERROR_INIT;
    if (norms == NULL) {
        note(reader, SCH_E_NO_MEMORY, "no memory for the norms");
        return;
    }
    int norms_code = sch_norm_file_load(source->norms_path, norms, report_ini, reader, &cause);
    if (norms_code != SCH_OK && reader->config->error_count == before)
        note(reader, cause.code, "%s", cause.text);
    free(norms);
    before = reader->config->error_count;
    int permits_code = sch_permit_file_load(source->permits_path, &permits, report_ini, reader, &cause);
    if (permits_code != SCH_OK && reader->config->error_count == before)
        note(reader, cause.code, "%s", cause.text);
    for (size_t i = 0; i < source->directory_count; i++) {
        if (source->directory[i].path[0] == '\0')
            continue;                   /* said already */
        struct sch_directory *directory =
            sch_directory_load(source->directory[i].path, source->directory[i].key, now_ms, &cause);
        if (directory == NULL)
            note(reader, cause.code, "%s", cause.text);
        sch_directory_free(directory);
    }
    if (reader->config->error_count > 0)
        return;
    struct sch_book *book = sch_book_load(source, NULL, now_ms, &cause);
    if (book == NULL) {
        note(reader, cause.code, "%s", cause.text);
        return;
    }
    for (size_t i = 0; i < book->directory_count; i++)
        fprintf(out, "region %s: serial %llu, %zu parties, %zu keys\n", book->directory[i]->region,
                (unsigned long long)book->directory[i]->serial, book->directory[i]->party_count,
                book->directory[i]->key_count);
    fprintf(out, "norms: %zu rows\n", book->norms.count);
    sch_book_free(book);
}

int sch_config_print_check(const char *path, int64_t now_ms, FILE *out)
{
    struct sch_config config;
    sch_error error = SCH_ERROR_INIT;
    int code = sch_config_load(&config, path, print_line, out, &error);
    bool readable = code != SCH_E_IO && code != SCH_E_NO_MEMORY;
    if (readable && config.book.norms_path[0] != '\0' && config.book.permits_path[0] != '\0') {
        struct reader reader = { .config = &config, .report = print_line, .context = out };
        bool fast = config.clock.rate > 1 || config.clock.start_ms > 0;
        check_book(&reader, fast ? 0 : now_ms, out);
    }
    unsigned errors = config.error_count, warnings = config.warning_count;
    sch_config_close(&config);
    fprintf(out, "%s: %u error%s, %u warning%s\n", errors > 0 ? "not valid" : "valid", errors,
            errors == 1 ? "" : "s", warnings, warnings == 1 ? "" : "s");
    return errors > 0 ? sch_error_exit(SCH_E_CONFIG) : 0;
}
