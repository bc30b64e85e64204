package import OceanAddresses
package import OceanPlan

/// The answers that facts consist of.
extension Facts {
  /// What a file system has used up.
  package enum Shortage: String, Sendable, Hashable, Codable {
    case space
    case inodes
  }

  /// Files of plans that were confirmed or reverted which cannot be used.
  package struct Damage: Sendable, Hashable, Codable {
    package var files: [DamagedFile]
    /// Whether a server that may not run the config has nothing to run in its place, or cannot tell whether it may.
    package var mayKeepFromStarting: Bool

    package init(files: [DamagedFile], mayKeepFromStarting: Bool) {
      self.files = files
      self.mayKeepFromStarting = mayKeepFromStarting
    }
  }

  /// The resolver's answer about a host name.
  package enum HostAnswer: Sendable, Hashable {
    /// The host's addresses, sorted, without repetition.
    case addresses([IPAddress])
    case failed(String)
    /// The resolver was not asked (`--offline`).
    case notAsked
  }

  package enum UserState: String, Sendable, Hashable, Codable {
    case exists
    /// The user has the id 0, whatever its name.
    case isRoot = "root"
    case missing
  }

  package enum DirectoryState: String, Sendable, Hashable, Codable {
    case exists
    case missing
    case notADirectory = "not_a_directory"
    case notPermitted = "not_permitted"
  }

  /// The kind of file that a name stands for; for a symbolic link the link itself, not its target.
  package enum FileKind: String, Sendable, Hashable, Codable {
    case regular
    case directory
    case symbolicLink = "symbolic_link"
    case fifo
    case socket
    case device
    case missing
    case notPermitted = "not_permitted"
  }

  package enum AccountFile: Sendable, Hashable {
    case read(AccountSummary)
    /// It can be opened, and a server that starts or runs will read it.
    case notAsked
    case missing
    /// The user that runs this may not read it, which says nothing about the user that runs the server.
    case notPermitted
    case unreadable(String)
  }

  package enum ListFile: Sendable, Hashable {
    /// The entries it may contribute to a list, and the hash of the whole file.
    case read(AddressListFile, Digest)
    case missing
    /// The user that runs this may not read it, which says nothing about the user that runs the server.
    case notPermitted
    case unreadable(String)
  }

  /// Active accounts with one user name and several domains, without a Maildir of their own.
  package struct SharedMailboxes: Sendable, Hashable, Codable {
    /// The most pairs that are reported.
    package static let limit = 10

    /// How many accounts have the user name of an earlier account.
    package var count = 0
    /// The first of these accounts, each with the account that had the name first.
    package var pairs: [Pair] = []

    package init() {}

    package struct Pair: Sendable, Hashable, Codable {
      package var first: Place
      package var second: Place

      package init(first: Place, second: Place) {
        self.first = first
        self.second = second
      }
    }

    package struct Place: Sendable, Hashable, Codable {
      package var account: String
      package var file: String
      /// The line, counted from 1.
      package var line: Int

      package init(account: String, file: String, line: Int) {
        self.account = account
        self.file = file
        self.line = line
      }
    }
  }

  /// How many accounts have a Maildir in the place that the config names.
  package struct Mailboxes: Sendable, Hashable, Codable {
    /// The most accounts that are looked at.
    package static let limit = 2000

    /// How many accounts can log in.
    package var accounts = 0
    package var looked = 0
    /// How many of those that were looked at exist.
    package var existing = 0
    /// How many of those that were looked at are in a place where the user that looked may not look.
    package var unknown = 0
    /// How many accounts' Maildirs are on a file system that did not answer. They are not counted as looked
    /// at.
    package var unanswered: Int?
    /// The first Maildir that got no answer.
    package var silent: String?
    /// The missing part of the way to the first Maildir; nil if one exists.
    package var missing: String?
    /// Whether the plan that was confirmed last has the same location; nil if that did not matter, or is not
    /// known.
    package var isConfirmed: Bool?
    /// How many of the first 200 that exist the server's user may not use; nil if this could not be found
    /// out.
    package var closed: Closed?
    /// Domains with several accounts and no Maildir, with the number of accounts; the first ten.
    package var emptyDomains: [EmptyDomain]?

    package init() {}

    package struct EmptyDomain: Sendable, Hashable, Codable {
      package var name: String
      package var accounts: Int

      package init(name: String, accounts: Int) {
        self.name = name
        self.accounts = accounts
      }
    }

    package struct Closed: Sendable, Hashable, Codable {
      package var count: Int
      package var looked: Int
      /// The first of these Maildirs, and the obstacles on the way there.
      package var first: String?
      package var obstacles: [String]
      /// The owner of that Maildir.
      package var owner: String?

      package init(
        count: Int = 0, looked: Int = 0, first: String? = nil, obstacles: [String] = [], owner: String? = nil
      ) {
        (self.count, self.looked, self.first, self.obstacles, self.owner) =
          (count, looked, first, obstacles, owner)
      }
    }
  }

  /// The permissions of one user of the host for the files its server needs.
  package struct Permissions: Sendable, Hashable, Codable {
    /// The name of its group; nil if the group has no name.
    package var group: String?
    /// The permissions by path, for paths that exist.
    package var paths: [String: Permission]

    package init(group: String?, paths: [String: Permission]) {
      self.group = group
      self.paths = paths
    }
  }

  package enum Permission: Sendable, Hashable {
    case granted
    /// Denied by the permissions of these paths: the path itself, and directories that lead there. Never
    /// empty.
    case denied(by: [String])
    /// Nobody may write there: the path named here is on a file system that is mounted read-only.
    case readOnly(at: String)
  }

  /// The owner and mode of something that is in the server's way, or that others can reach.
  package struct Place: Sendable, Hashable, Codable {
    /// The name of the owner; a number if it has no name.
    package var owner: String
    package var group: String
    /// The permissions, as for chmod(2).
    package var mode: Int
    package var isDirectory: Bool

    package init(owner: String, group: String, mode: Int, isDirectory: Bool) {
      self.owner = owner
      self.group = group
      self.mode = mode
      self.isDirectory = isDirectory
    }
  }

  /// The contents of a passwd-file, without any of its names and hashes.
  package struct AccountSummary: Sendable, Hashable, Codable {
    package var active: Int
    package var disabled: Int
    /// How many active accounts have nothing that `{home}` could stand for.
    package var homeless: Int
    /// How many active accounts have nothing that `{domain}` could stand for.
    package var domainless: Int
    package var issues: [Issue]
    /// What fields of accounts say; nil in facts of an ocean that did not ask for it.
    package var fields: Fields?

    package init(active: Int, disabled: Int, homeless: Int, domainless: Int, issues: [Issue]) {
      self.active = active
      self.disabled = disabled
      self.homeless = homeless
      self.domainless = domainless
      self.issues = issues
    }

    /// What the fields `services` and `expires` of the accounts and their app passwords say.
    package struct Fields: Sendable, Hashable, Codable {
      /// The most ends that are kept on each side of the time at which the file was read.
      package static let maxEnds = 100

      package var services: [Service]
      /// Sorted by time.
      package var ends: [End]

      package init(services: [Service], ends: [End]) {
        (self.services, self.ends) = (services, ends)
      }

      /// A service that is named.
      package struct Service: Sendable, Hashable, Codable {
        package var name: String
        /// How many lines name it, and the first of them.
        package var count: Int
        package var firstLine: Int

        package init(name: String, count: Int, firstLine: Int) {
          (self.name, self.count, self.firstLine) = (name, count, firstLine)
        }
      }

      /// The end of an account or an app password.
      package struct End: Sendable, Hashable, Codable {
        /// In words: `anna`, or `phone of anna`.
        package var subject: String
        package var line: Int
        /// The first second after it, since 1970.
        package var time: Int64

        package init(subject: String, line: Int, time: Int64) {
          (self.subject, self.line, self.time) = (subject, line, time)
        }
      }
    }

    package struct Issue: Sendable, Hashable, Codable {
      /// The line, counted from 1; nil if it is about several lines.
      package var line: Int?
      package var message: String
      package var help: String?

      package init(line: Int?, message: String, help: String? = nil) {
        self.line = line
        self.message = message
        self.help = help
      }
    }
  }
}
