import Glibc
import OceanBase

/// Why a call to the store failed, by what the caller can do about it.
package enum StoreError: Error, Equatable, Sendable {
  /// Another session, of this process or another, holds the mailbox.
  case inUse
  /// The path is empty or has a NUL in it.
  case badPath(String)
  /// The message was removed by another process.
  case vanished
  /// The message was changed just now, or while it was read.
  case changed
  /// The mailbox was closed before.
  case closed
  /// The caller did not want the result any more (see `Cancellation`).
  case cancelled
  /// More messages than an index may hold (see `MessageTable.maximumBytes`).
  case tooLarge(path: String)
  /// The server's user may not do this (EACCES, EPERM, EROFS).
  case permission(SystemFailure)
  /// Something else stands where a directory belongs, a symbolic link included (ENOTDIR, ELOOP).
  case notADirectory(SystemFailure)
  /// A symbolic link leads to a directory that the link's owner does not own (see `LinkPolicy`).
  case untrustedLink(path: String)
  /// A Maildir is not below the directory whose shared locks it needs.
  case outsideLocks(path: String, base: String)
  /// A shared lock cannot be had, or would exclude nobody.
  case badLocks(path: String, LockTrouble)
  /// The mailbox's shared lock was lost, so another host may have the mailbox.
  case locksLost(path: String)
  /// Another server's list is not usable: it is not a regular file, or it is too large (see `ForeignList`).
  case badList(path: String)
  /// Out of descriptors, memory, locks or disk space: the same call may succeed later.
  case exhausted(SystemFailure)
  /// Any other failure of the system call.
  case io(SystemFailure)

  /// What is wrong with the files of shared locks.
  package enum LockTrouble: String, Sendable {
    case notADirectory = "it must be a directory, and neither a link nor a file"
    case notAFile = "it must be a file, and neither a link nor a directory"
    case mounted = "something else is mounted there, and the locks must be on the mail's own file system"
    case elsewhere = "the mailbox is on another file system than its lock"
    case foreign = "another program has written to it: locks have no content"
    case replaced = "it is replaced again and again"
  }

  init(_ operation: SystemFailure.Operation, _ path: String, errno code: Int32) {
    let failure = SystemFailure(operation: operation, path: path, errno: code)
    self =
      switch code {
      case EACCES, EPERM, EROFS: .permission(failure)
      case ENOTDIR, ELOOP: .notADirectory(failure)
      case EMFILE, ENFILE, ENOMEM, ENOLCK, ENOSPC, EDQUOT: .exhausted(failure)
      default: .io(failure)
      }
  }
}

/// A system call that failed: its path, and the errno.
package struct SystemFailure: Equatable, Sendable {
  package enum Operation: String, Sendable {
    case open, read, write, create, rename, lock, status = "examine", remove, synchronize
  }

  package let operation: Operation
  package let path: String
  package let errno: Int32
}

extension StoreError: CustomStringConvertible {
  /// One clause for a log line. Paths are as they are on disk: the log escapes them.
  package var description: String {
    switch self {
    case .inUse: "the mailbox is in use by another session"
    case .badPath(let path): "'\(path)' is not a path"
    case .vanished: "the message was removed by another process"
    case .changed: "the message was changed by another process"
    case .closed: "the mailbox is closed"
    case .cancelled: "it was not waited for"
    case .tooLarge(let path): "\(path) holds too many messages"
    case .badList(let path):
      "\(path) is not a regular file, or larger than \(ForeignList.maximumSize >> 20) MiB"
    case .outsideLocks(let path, let base):
      "\(path) is not below \(base), where the shared locks of mailboxes are"
    case .badLocks(let path, let trouble): "cannot use the lock \(path): \(trouble.rawValue)"
    case .locksLost(let path): "the lock of the mailbox, in \(path), was lost"
    case .untrustedLink(let path): "a symbolic link in \(path) leads to something that its owner does not own"
    case .permission(let failure), .notADirectory(let failure), .exhausted(let failure), .io(let failure):
      "cannot \(failure.operation.rawValue) \(failure.path): \(errorText(failure.errno))"
    }
  }
}
