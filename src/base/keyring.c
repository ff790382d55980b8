/* The key ring file and sealing with XChaCha20-Poly1305 (libsodium).
 *
 * The file is text: a header line, then one line a key, "ID KEY" (8 hex digits, base64), newest
 * last. A sealed value is "ID:BASE64(nonce, ciphertext, tag)". */
#include "base/keyring.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <sodium.h>
#include "base/file.h"

#define HEADER "amtspost-keyring 1"
#define KEY_SIZE crypto_aead_xchacha20poly1305_ietf_KEYBYTES
#define NONCE_SIZE crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG_SIZE crypto_aead_xchacha20poly1305_ietf_ABYTES
#define ID_SIZE 8
#define RING_LIMIT 65536 /* bytes of the file */
#define BASE64 sodium_base64_VARIANT_ORIGINAL

typedef struct Key {
	char id[ID_SIZE + 1];
	Secret *bytes;
} Key;

struct Keyring {
	GPtrArray *keys; /* Key *, newest last */
};

static void key_free(Key *key)
{
	secret_free(key->bytes);
	g_free(key);
}

void keyring_free(Keyring *keyring)
{
	if (!keyring)
		return;
	g_ptr_array_unref(keyring->keys);
	g_free(keyring);
}

/* The key that TEXT, "ID:…" or "ID …" with END behind the id, begins with; NULL if there is none.
 */
static const Key *find_key(const Keyring *keyring, const char *text, char end)
{
	for (guint i = 0; i < keyring->keys->len; i++) {
		const Key *key = g_ptr_array_index(keyring->keys, i);

		if (strncmp(text, key->id, ID_SIZE) == 0 && text[ID_SIZE] == end)
			return key;
	}
	return NULL;
}

/* Adds the key of one line "ID BASE64"; false if the line is none or its id is taken. */
static bool add_key(Keyring *keyring, const char *line)
{
	unsigned char bytes[KEY_SIZE];
	const char *encoded = line + ID_SIZE + 1;
	size_t size = 0;
	bool good = strspn(line, "0123456789abcdef") == ID_SIZE && line[ID_SIZE] == ' ' &&
		    !find_key(keyring, line, ' ') &&
		    sodium_base642bin(bytes, sizeof bytes, encoded, strlen(encoded), NULL, &size,
			    NULL, BASE64) == 0 &&
		    size == sizeof bytes;

	if (good) {
		Key *key = g_new0(Key, 1);

		memcpy(key->id, line, ID_SIZE);
		key->bytes = secret_new(bytes, sizeof bytes);
		g_ptr_array_add(keyring->keys, key);
	}
	secret_wipe(bytes, sizeof bytes);
	return good;
}

static Keyring *parse(char *content)
{
	g_autoptr(Keyring) keyring = g_new0(Keyring, 1);
	char *rest = content;
	char *line = strsep(&rest, "\n");
	bool good = strcmp(line, HEADER) == 0;

	keyring->keys = g_ptr_array_new_with_free_func((GDestroyNotify)key_free);
	while (good && (line = strsep(&rest, "\n")))
		good = *line == '\0' || add_key(keyring, line);
	if (good && keyring->keys->len > 0)
		return g_steal_pointer(&keyring);
	errno = EINVAL;
	return NULL;
}

/* Refuses a file that others can read or that is not ours. */
static Keyring *read_ring(int file)
{
	struct stat state;
	size_t size;
	char *content;
	Keyring *keyring;

	if (fstat(file, &state) != 0)
		return NULL;
	if (!S_ISREG(state.st_mode) || (state.st_mode & 077) != 0 || state.st_uid != geteuid()) {
		errno = state.st_uid != geteuid() ? EACCES : EPERM;
		return NULL;
	}
	content = file_read_descriptor(file, RING_LIMIT, &size);
	if (!content)
		return NULL;
	keyring = parse(content);
	int saved = errno;
	secret_wipe(content, size);
	g_free(content);
	errno = saved;
	return keyring;
}

static bool write_new_ring(int file)
{
	unsigned char key[KEY_SIZE];
	char encoded[sodium_base64_ENCODED_LEN(KEY_SIZE, BASE64)];
	char text[sizeof HEADER + ID_SIZE + sizeof encoded + 8];
	int length;
	bool written;

	randombytes_buf(key, sizeof key);
	sodium_bin2base64(encoded, sizeof encoded, key, sizeof key, BASE64);
	length =
		snprintf(text, sizeof text, "%s\n%08x %s\n", HEADER, randombytes_random(), encoded);
	written = file_write_all(file, text, (size_t)length) && fsync(file) == 0;
	secret_wipe(key, sizeof key);
	secret_wipe(encoded, sizeof encoded);
	secret_wipe(text, sizeof text);
	return written;
}

/* A complete file appears under PATH or none: whoever links first has made the ring. */
static bool make_ring(const char *path)
{
	g_autofree char *temporary = g_strdup_printf("%s.%08x", path, randombytes_random());
	g_autofree char *folder = g_path_get_dirname(path);
	g_auto(Descriptor) file =
		open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	bool linked;
	int saved;

	if (file < 0)
		return false;
	linked = write_new_ring(file) && (link(temporary, path) == 0 || errno == EEXIST);
	saved = errno;
	unlink(temporary);
	errno = saved;
	return linked && file_sync_folder(folder);
}

Keyring *keyring_read(const char *path)
{
	g_auto(Descriptor) file = -1;

	if (sodium_init() < 0) {
		errno = ENOSYS;
		return NULL;
	}
	file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	return file < 0 ? NULL : read_ring(file);
}

Keyring *keyring_open(const char *path)
{
	Keyring *keyring = keyring_read(path);

	return keyring || errno != ENOENT || !make_ring(path) ? keyring : keyring_read(path);
}

char *keyring_seal(const Keyring *keyring, const char *identity, const Secret *secret)
{
	const Key *key = g_ptr_array_index(keyring->keys, keyring->keys->len - 1);
	size_t size = NONCE_SIZE + secret_size(secret) + TAG_SIZE;
	g_autofree unsigned char *sealed = g_malloc(size);
	size_t encoded_size = sodium_base64_encoded_len(size, BASE64);
	g_autofree char *encoded = g_malloc(encoded_size);

	randombytes_buf(sealed, NONCE_SIZE);
	crypto_aead_xchacha20poly1305_ietf_encrypt(sealed + NONCE_SIZE, NULL,
		(const unsigned char *)secret_text(secret), secret_size(secret),
		(const unsigned char *)identity, strlen(identity), NULL, sealed,
		(const unsigned char *)secret_text(key->bytes));
	sodium_bin2base64(encoded, encoded_size, sealed, size, BASE64);
	return g_strdup_printf("%s:%s", key->id, encoded);
}

Secret *keyring_open_sealed(const Keyring *keyring, const char *identity, const char *sealed)
{
	const Key *key = find_key(keyring, sealed, ':');
	size_t encoded_size = strlen(sealed);
	g_autofree unsigned char *bytes = g_malloc(encoded_size + 1);
	g_autofree unsigned char *plain = g_malloc(encoded_size + 1);
	size_t size;
	Secret *secret = NULL;

	if (!key ||
		sodium_base642bin(bytes, encoded_size, sealed + ID_SIZE + 1,
			encoded_size - ID_SIZE - 1, NULL, &size, NULL, BASE64) != 0 ||
		size < NONCE_SIZE + TAG_SIZE)
		return NULL;
	if (crypto_aead_xchacha20poly1305_ietf_decrypt(plain, NULL, NULL, bytes + NONCE_SIZE,
		    size - NONCE_SIZE, (const unsigned char *)identity, strlen(identity), bytes,
		    (const unsigned char *)secret_text(key->bytes)) == 0)
		secret = secret_new(plain, size - NONCE_SIZE - TAG_SIZE);
	secret_wipe(plain, size);
	return secret;
}
