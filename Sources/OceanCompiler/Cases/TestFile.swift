import OceanAddresses
import OceanPlan
import OceanSyntax

/// A test file as written. As in ``Config``, a value with a mistake is nil, and its key is among those mistaken.
struct TestFile: SectionRoot {
  var mistaken: Set<String> = []
  var tests: Located<[Located<Case>]>?

  /// Some clients, and what must become of each of them.
  struct Case: SectionRoot {
    var mistaken: Set<String> = []
    var name: Located<String>?
    var from: Located<AddressEntries>?
    var to: Located<[Located<WrittenTarget>]>?
    var via: Located<IPAddress>?
    var user: Located<String>?
    var tls: Located<Attempt.Aim>?
    var serverName: Located<String>?
    var at: Located<Int64>?
    var want: Located<Want>?
  }

  struct Want: SectionRoot {
    var mistaken: Set<String> = []
    var verdict: Located<Plan.Service.IPControl.DefaultAction>?
    var rule: Located<String>?
    var certificate: Located<[Located<String>]>?
    var login: Located<Bool>?
    var mailbox: Located<AccessCase.Mailbox>?
    var codes: Located<[Located<String>]>?
  }
}

/// Some listeners, as written, in a test file or an expectation.
enum WrittenTarget: Sendable, Hashable {
  /// Every enabled service.
  case everything
  case one(ExplanationTarget)
}
