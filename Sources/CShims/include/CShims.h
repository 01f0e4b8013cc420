#ifndef TDR_CSHIMS_H
#define TDR_CSHIMS_H

#include <stdint.h>
#include <sys/types.h>

// Linux calls that the Glibc module does not import. Each returns what the
// system call returns and leaves the reason in errno.

/// openat2(2) that never leaves `dirfd` and follows no symbolic link on the way.
/// ENOSYS where the kernel (before 5.6) or a sandbox does not offer it.
int tdr_open_beneath(int dirfd, const char *path, uint64_t flags, uint64_t mode);

/// renameat2(2) with RENAME_NOREPLACE: EEXIST when `to` is taken.
int tdr_rename_noreplace(int fromdir, const char *from, int todir, const char *to);

/// Hands the descriptor `fd` over the UNIX socket `socket` with one byte of data (SCM_RIGHTS).
ssize_t tdr_send_descriptor(int socket, int fd);

/// O_PATH, which is defined for GNU sources only.
int tdr_o_path(void);

/// SEEK_DATA, likewise.
int tdr_seek_data(void);

/// syncfs(2).
int tdr_sync_file_system(int fd);

/// Asks the kernel to start writing a range back without waiting for it.
int tdr_start_writeback(int fd, int64_t offset, int64_t length);

/// Connects a new stream socket to a UNIX path; the descriptor, or -1.
int tdr_connect_unix(const char *path, int timeout_seconds);

/// The same to a machine and a port; errno is 0 when there is no such machine.
int tdr_connect_tcp(const char *host, const char *port, int timeout_seconds);

/// setlocale(LC_CTYPE, name): 0 when it took effect.
int tdr_set_ctype(const char *name);

/// getdents64(2).
ssize_t tdr_read_directory(int fd, void *buffer, size_t size);

/// mallopt(M_ARENA_MAX, count): 1 when it took effect.
int tdr_limit_heaps(int count);

/// Peak resident set of this process in KiB.
long tdr_peak_rss_kib(void);

#endif
