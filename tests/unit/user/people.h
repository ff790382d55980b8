/* For tests with people: users, the audit log, and whether the database's files hold a secret. */
#pragma once

#include "../db/fixture.h"

#include <string.h>
#include "audit/audit.h"
#include "user/user_session.h"

#define PASSWORD "Straße-12-Geheim"

typedef struct Person {
	const char *name;
	const char *hash;
} Person;

static inline bool people_add_in(DbTransaction *transaction, void *data, GError **error)
{
	const Person *person = data;
	g_autoptr(User) user = g_new0(User, 1);

	user->name = g_strdup(person->name);
	user->admin = true;
	return user_add(transaction, user, person->hash, "cli:root", error);
}

/* Adds NAME with PASSWORD (NULL: none). */
static inline void people_add(Db *db, const char *name, const char *password)
{
	g_autoptr(Secret) secret = password ? secret_new(password, strlen(password)) : NULL;
	GError *error = NULL;
	g_autofree char *hash = secret ? user_hash_password(secret, &error) : NULL;
	Person person = {.name = name, .hash = hash};

	assert_no_failure(error);
	fixture_write(db, people_add_in, &person);
}

static inline bool people_lock_in(DbTransaction *transaction, void *data, GError **error)
{
	return user_set_locked(transaction, data, true, "admin", error);
}

static inline bool people_unlock_in(DbTransaction *transaction, void *data, GError **error)
{
	return user_set_locked(transaction, data, false, "admin", error);
}

static inline bool people_remove_in(DbTransaction *transaction, void *data, GError **error)
{
	return user_remove(transaction, data, "admin", error);
}

static inline bool people_change_in(DbTransaction *transaction, void *data, GError **error)
{
	return user_set_password(transaction, data, "another hash", "admin", error);
}

static inline bool people_prove_in(DbTransaction *transaction, void *data, GError **error)
{
	PasswordProof *proof = data;
	g_autoptr(DbRows) rows = db_select(transaction, error,
		"SELECT coalesce(password_hash, '') FROM users WHERE name = $1 COLLATE NOCASE",
		db_text(proof->name));
	const char *hash = rows && db_rows_next(rows, error) ? db_rows_text(rows, 0) : "";

	sha256_of(hash, strlen(hash), proof->digest);
	return rows != NULL;
}

/* Starts a session of NAME as if the present password had been tried; whether it did. */
static inline bool people_start(Db *db, const char *name, char **token, GError **error)
{
	g_auto(PasswordProof) proof = {.name = g_strdup(name)};

	fixture_read(db, people_prove_in, &proof);
	return session_start(db, &proof, "192.0.2.1", token, error);
}

static inline bool people_note(const AuditRow *row, void *data)
{
	if (strcmp(row->action, "user.add") != 0)
		g_string_append_printf(data, "%s %s %s (%s);", row->actor, row->action,
			row->subject ? row->subject : "-", row->detail ? row->detail : "-");
	return true;
}

/* All rows but those of people_add, newest first; yours. */
static inline char *people_audit(Db *db)
{
	GString *rows = g_string_new(NULL);
	GError *error = NULL;

	assert_true(audit_each(db, 0, people_note, rows, &error));
	return g_string_free(rows, FALSE);
}

/* Neither the database nor its log holds SECRET. */
static inline void people_assert_not_stored(const Fixture *fixture, const char *secret)
{
	static const char *const suffixes[] = {"", "-wal"};

	for (size_t i = 0; i < G_N_ELEMENTS(suffixes); i++) {
		g_autofree char *path = g_strconcat(fixture->path, suffixes[i], NULL);
		g_autofree char *bytes = NULL;
		gsize size;

		assert_true(g_file_get_contents(path, &bytes, &size, NULL));
		assert_true(size > 0);
		assert_null(memmem(bytes, size, secret, strlen(secret)));
	}
}
