import OceanBase
import OceanAddresses
import OceanPlan
import OceanSyntax
import OceanUIDL

/// The config as written: what each key says and where, before anything is resolved.
///
/// A value that was not given is nil. A value with a mistake is nil or what could be read of it, and its key
/// is among those mistaken.
package struct Config: SectionRoot {
  var mistaken: Set<String> = []
  var version: Located<Int>?
  var include: Located<[Located<String>]>?
  var log: Located<Log>?
  var server: Located<Server>?
  var certificates: Located<[Named<Certificate>]>?
  var accounts: Located<[Named<Accounts>]>?
  var addressLists: Located<[Named<AddressEntries>]>?
  var mail: Located<Mail>?
  var monitor: Located<Monitor>?
  var serviceDefaults: Located<Service>?
  var services: Located<[Named<Service>]>?
  var expect: Located<[Located<Expectation>]>?
  var acknowledge: Located<[Located<Acknowledgement>]>?

  struct Log: SectionRoot {
    typealias Lowered = Plan.Log

    var mistaken: Set<String> = []
    var access: Located<String>?
    var logins: Located<Plan.Log.Logins>?
  }

  struct Server: SectionRoot {
    typealias Lowered = Plan.Server

    var mistaken: Set<String> = []
    var hostname: Located<String>?
    var bind: Located<Bind>?
    var state: Located<String>?
    var user: Located<String>?
    var defaultDomain: Located<String>?
    var drainTimeout: Located<Int>?
    var ticketSecret: Located<Plan.SecretSource>?
    var limits: Located<ServerLimits>?
    var antiHammering: Located<AntiHammering>?
    var sharedState: Located<SharedState>?
    var protect: Located<AddressEntries>?
  }

  struct ServerLimits: SectionRoot {
    typealias Lowered = Plan.Server.Limits

    var mistaken: Set<String> = []
    var connectionsPerIP: Located<Int>?
    var except: Located<[Located<LimitException>]>?
    var preloginConnections: Located<Int>?
    var connectionsPerMinute: Located<Int?>?
    var ipv6Prefix: Located<Int>?
  }

  struct LimitException: SectionRoot {
    var mistaken: Set<String> = []
    var from: Located<AddressEntries>?
    var connectionsPerIP: Located<Int>?
  }

  struct AntiHammering: SectionRoot {
    typealias Lowered = Plan.Server.AntiHammering

    var mistaken: Set<String> = []
    var maxFailures: Located<Int>?
    var forgetAfter: Located<Int>?
    var blockFor: Located<Int>?
    var neverBlock: Located<AddressEntries>?
  }

  /// An address with an end.
  struct EndingAddress: SectionRoot {
    var mistaken: Set<String> = []
    var address: Located<AddressEntry>?
    var until: Located<RuleEnd>?
  }

  /// A list file, and the bounds that it must keep.
  struct AddressFile: SectionRoot {
    var mistaken: Set<String> = []
    var file: Located<String>?
    var atLeast: Located<Int>?
    var atMost: Located<Int>?
    var largestNetwork: Located<Int>?
  }

  /// Addresses and a switch. A plain list of addresses means that it is enabled.
  struct AddressList: SectionRoot {
    typealias Lowered = Plan.Service.IPControl.List

    var mistaken: Set<String> = []
    var enabled: Located<Bool>?
    var entries: Located<AddressEntries>?
  }

  struct IPControl: SectionRoot {
    typealias Lowered = Plan.Service.IPControl

    var mistaken: Set<String> = []
    var defaultAction: Located<Plan.Service.IPControl.DefaultAction>?
    var blackList: Located<AddressList>?
    var whiteList: Located<AddressList>?
  }

  struct Expectation: SectionRoot {
    var mistaken: Set<String> = []
    var from: Located<AddressEntries>?
    var to: Located<[Located<WrittenTarget>]>?
    var via: Located<IPAddress>?
    var user: Located<String>?
    var verdict: Located<Plan.Service.IPControl.DefaultAction>?
    var can: Located<Plan.Expectation.Ability>?
    var tls: Located<TLSVersion>?
    var certificate: Located<[Located<String>]>?
    var serverName: Located<String>?
    var list: Located<String>?
    var atLeast: Located<Int>?
    var atMost: Located<Int>?
    var largestNetwork: Located<Int>?
    var tlsAtLeast: Located<TLSVersion>?
    var plaintextOnlyFrom: Located<AddressEntries>?
    var antiHammering: Located<Bool>?
  }

  struct Certificate: SectionRoot {
    var mistaken: Set<String> = []
    var chain: Located<String>?
    var key: Located<String>?
    var passphrase: Located<Plan.SecretSource>?
  }

  /// The place of a secret: one of these.
  struct Secret: SectionRoot {
    var mistaken: Set<String> = []
    var file: Located<String>?
    var env: Located<String>?
    var credential: Located<String>?
  }

  struct Accounts: SectionRoot {
    typealias Lowered = Plan.AccountSource

    var mistaken: Set<String> = []
    var passwdFile: Located<String>?
    var sql: Located<SQL>?
    var ldap: Located<LDAP>?
    var saslauthd: Located<Saslauthd>?
    var dovecot: Located<Dovecot>?
    /// In seconds; nil in it for `off`.
    var cache: Located<Int?>?
  }

  struct Mail: SectionRoot {
    typealias Lowered = Plan.Mail

    var mistaken: Set<String> = []
    var maildir: Located<MailTemplate>?
    var uidl: Located<UIDLSource>?
    var locks: Located<Plan.Mail.Locks>?

    /// The directory that holds the directory of shared locks; nil where locks are not shared.
    var lockBase: String? { locks?.value == .shared ? maildir?.value.base : nil }
  }

  /// Another server's way to make unique ids.
  struct ForeignIDs: SectionRoot {
    var mistaken: Set<String> = []
    /// A format of Dovecot's.
    var dovecot: Located<DovecotUIDLFormat>?
  }

  struct TLS: SectionRoot {
    typealias Lowered = Plan.Service.TLS

    var mistaken: Set<String> = []
    var explicit: Located<Plan.Service.TLS.Explicit>?
    var implicit: Located<ImplicitTLS>?
    var certificate: Located<[Located<String>]>?
    var profile: Located<Plan.Service.TLS.Profile>?
  }

  /// The ports with TLS from the first octet. A plain list of ports means that it is enabled.
  struct ImplicitTLS: SectionRoot {
    var mistaken: Set<String> = []
    var enabled: Located<Bool>?
    var ports: Located<[Located<Int>]>?
  }

  struct Acknowledgement: SectionRoot {
    var mistaken: Set<String> = []
    var code: Located<String>?
    var reason: Located<String>?
  }
}

/// The addresses a service listens on, as written.
enum Bind: Sendable {
  /// The addresses of the server section.
  case serverDefault
  /// Every address of the host, IPv4 and IPv6.
  case all
  case list([Located<BindTarget>])
}

enum BindTarget: Sendable, Hashable {
  case address(IPAddress)
  case host(String)
}

/// The addresses from which clients may log in without TLS, as written.
enum PlaintextLogin: Sendable {
  case never
  case loopback
  case always
  case networks(AddressEntries)
}
