// SPDX-License-Identifier: MIT
#pragma once

// What Clang's -Wthread-safety checks of locks; other compilers read nothing here.
// https://clang.llvm.org/docs/ThreadSafetyAnalysis.html
#ifdef __clang__
#define RANKWISE_THREAD_ANNOTATION(annotation) __attribute__((annotation))
#else
#define RANKWISE_THREAD_ANNOTATION(annotation)
#endif

/// The type is a lock.
#define RANKWISE_CAPABILITY RANKWISE_THREAD_ANNOTATION(capability("mutex"))

/// The type holds a lock for as long as it lives.
#define RANKWISE_SCOPED_CAPABILITY RANKWISE_THREAD_ANNOTATION(scoped_lockable)

/// The member, or what it refers to, is touched only by who holds the lock.
#define RANKWISE_GUARDED_BY(lock) RANKWISE_THREAD_ANNOTATION(guarded_by(lock))

/// The caller of the function holds the locks.
#define RANKWISE_REQUIRES(...) RANKWISE_THREAD_ANNOTATION(requires_capability(__VA_ARGS__))

/// The caller of the function does not hold the locks: the function takes them, or calls what may.
#define RANKWISE_EXCLUDES(...) RANKWISE_THREAD_ANNOTATION(locks_excluded(__VA_ARGS__))

/// The function takes the locks, and returns with them.
#define RANKWISE_ACQUIRE(...) RANKWISE_THREAD_ANNOTATION(acquire_capability(__VA_ARGS__))

/// The function lets go of the locks.
#define RANKWISE_RELEASE(...) RANKWISE_THREAD_ANNOTATION(release_capability(__VA_ARGS__))
