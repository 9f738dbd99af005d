/*
 * key_file.c: key pairs and the files that keep them.
 *
 * A secret is one line of text, so that it can be looked at, moved and backed up with ordinary tools. It is
 * created with mode 0600 and never written over. Must not know: what a key is used for in a message.
 */
#include "seal.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECRET_MAX 64
#define LINE_MAX_SIZE 256
#define PATH_MAX_SIZE 4096

static const char *const use_name[] = { NULL, "transport", "sign", "seal" };

static size_t secret_size(enum sch_key_use use)
{
    return use == SCH_KEY_SIGN ? crypto_sign_SECRETKEYBYTES : crypto_box_SECRETKEYBYTES;
}

int sch_key_pair_new(struct sch_key_pair *pair, enum sch_key_use use)
{
    assert(use >= SCH_KEY_TRANSPORT && use <= SCH_KEY_SEAL);
    if (sodium_init() < 0)
        return SCH_E_INTERNAL;
    memset(pair, 0, sizeof *pair);
    pair->use = use;
    if (use == SCH_KEY_SIGN)
        crypto_sign_keypair(pair->public_key, pair->secret_key);
    else
        crypto_box_keypair(pair->public_key, pair->secret_key);
    return SCH_OK;
}

/* ---- reading ------------------------------------------------------------------------------------- */

/* Reads the first line; the rest of the file must be empty. */
static int read_line(const char *path, char line[LINE_MAX_SIZE], sch_error *error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return sch_fail(error, SCH_E_KEY_FILE, "%s: %s", path, strerror(errno));
    struct stat status;
    ssize_t size = -1;
    bool exposed = false;
    if (fstat(fd, &status) == 0) {
        exposed = (status.st_mode & 0027) != 0;
        size = read(fd, line, LINE_MAX_SIZE - 1);
    }
    int cause = errno;
    close(fd);
    if (size < 0)
        return sch_fail(error, SCH_E_KEY_FILE, "%s: %s", path, strerror(cause));
    line[size] = '\0';
    if (exposed)
        return sch_fail(error, SCH_E_KEY_FILE, "%s: mode %04o lets others at the key; chmod 600 it", path,
                        (unsigned)(status.st_mode & 0777));
    return SCH_OK;
}

/* "scharnier-sign-key HEX" -> use, and where the digits begin; 0 when it is no such line. */
static enum sch_key_use parse_use(const char *line, const char **digits)
{
    for (enum sch_key_use use = SCH_KEY_TRANSPORT; use <= SCH_KEY_SEAL; use++) {
        char prefix[40];
        int size = snprintf(prefix, sizeof prefix, "scharnier-%s-key ", use_name[use]);
        if (strncmp(line, prefix, (size_t)size) == 0) {
            *digits = line + size;
            return use;
        }
    }
    return 0;
}

/* Computes the public half, and for a signing key holds it against the half that its file repeats. */
static bool derive_public(struct sch_key_pair *pair)
{
    if (pair->use != SCH_KEY_SIGN)
        return crypto_scalarmult_base(pair->public_key, pair->secret_key) == 0;
    uint8_t again[crypto_sign_SECRETKEYBYTES];
    crypto_sign_seed_keypair(pair->public_key, again, pair->secret_key);
    bool same = sodium_memcmp(again, pair->secret_key, sizeof again) == 0;
    sodium_memzero(again, sizeof again);
    return same;
}

int sch_key_pair_load(struct sch_key_pair *pair, const char *path, sch_error *error)
{
    if (sodium_init() < 0)
        return sch_fail(error, SCH_E_INTERNAL, "libsodium cannot be initialised");
    char line[LINE_MAX_SIZE];
    int rc = read_line(path, line, error);
    if (rc != SCH_OK)
        goto out;

    memset(pair, 0, sizeof *pair);
    const char *digits = NULL;
    const char *end = NULL;
    size_t size = 0;
    pair->use = parse_use(line, &digits);
    if (pair->use == 0) {
        rc = sch_fail(error, SCH_E_KEY_FILE, "%s: not a secret key of Scharnier", path);
        goto out;
    }
    if (sodium_hex2bin(pair->secret_key, SECRET_MAX, digits, strlen(digits), NULL, &size, &end) != 0 ||
        size != secret_size(pair->use) || end[strspn(end, "\r\n")] != '\0' || !derive_public(pair)) {
        sodium_memzero(pair, sizeof *pair);
        rc = sch_fail(error, SCH_E_KEY_FILE, "%s: the key is damaged", path);
    }
out:
    sodium_memzero(line, sizeof line);
    return rc;
}

/* ---- writing ------------------------------------------------------------------------------------- */

/* Creates path with exactly this text, on disk when it returns. A half-written file is taken back. */
static int create(const char *path, mode_t mode, const char *text, sch_error *error)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (fd < 0)
        return sch_fail(error, errno == EEXIST ? SCH_E_KEY_FILE : SCH_E_IO, "%s: %s", path, strerror(errno));
    size_t size = strlen(text);
    errno = EIO;
    bool good = write(fd, text, size) == (ssize_t)size && fchmod(fd, mode) == 0 && fsync(fd) == 0;
    int cause = errno;
    if (close(fd) != 0 && good) {
        cause = errno;
        good = false;
    }
    if (good)
        return SCH_OK;
    unlink(path);
    return sch_fail(error, SCH_E_IO, "%s: %s", path, strerror(cause));
}

int sch_key_pair_save(const struct sch_key_pair *pair, const char *path, sch_error *error)
{
    char public_path[PATH_MAX_SIZE];
    char hex[2 * SECRET_MAX + 1];
    char text[LINE_MAX_SIZE];
    int length = snprintf(public_path, sizeof public_path, "%s.pub", path);
    if (length < 0 || (size_t)length >= sizeof public_path)
        return sch_fail(error, SCH_E_USAGE, "the path of the key file is too long");

    sodium_bin2hex(hex, sizeof hex, pair->public_key, sizeof pair->public_key);
    snprintf(text, sizeof text, "scharnier-%s-public %s\n", use_name[pair->use], hex);
    if (access(path, F_OK) == 0)
        return sch_fail(error, SCH_E_KEY_FILE, "%s: exists, and a key is never written over", path);
    int rc = create(public_path, 0644, text, error);
    if (rc != SCH_OK)
        return rc;

    sodium_bin2hex(hex, sizeof hex, pair->secret_key, secret_size(pair->use));
    snprintf(text, sizeof text, "scharnier-%s-key %s\n", use_name[pair->use], hex);
    rc = create(path, 0600, text, error);
    if (rc != SCH_OK)
        unlink(public_path);
    sodium_memzero(hex, sizeof hex);
    sodium_memzero(text, sizeof text);
    return rc;
}
