/*
 * acl - see darwin.h. A path whose name begins with "denied" has a list that denies, one that
 * begins with "allowed" a list that denies and allows.
 */
#ifndef KIT_DARWIN_ACL_H
#define KIT_DARWIN_ACL_H

typedef struct acl *acl_t;
typedef const int *acl_entry_t;
typedef int acl_tag_t;

enum { ACL_TYPE_EXTENDED = 256 };
enum { ACL_FIRST_ENTRY = 0, ACL_NEXT_ENTRY = -1 };
enum { ACL_EXTENDED_ALLOW = 1, ACL_EXTENDED_DENY = 2 };

acl_t acl_get_link_np(const char *path, int type);
int acl_get_entry(acl_t list, int which, acl_entry_t *out);
int acl_get_tag_type(acl_entry_t entry, acl_tag_t *out);
int acl_free(void *list);

#endif
