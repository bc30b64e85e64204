import OceanSyntax

/// A fleet file as written. As in ``Config``, a value with a mistake is nil, and its key is among those mistaken.
struct FleetFile: SectionRoot {
  var mistaken: Set<String> = []
  var fleet: Located<Root>?

  struct Root: SectionRoot {
    var mistaken: Set<String> = []
    var name: Located<String>?
    var config: Located<String>?
    var nodes: Located<[Located<Node>]>?
    var soak: Located<Int?>?
    var batch: Located<Int>?
    var healthy: Located<Healthy>?
  }

  struct Healthy: SectionRoot {
    var mistaken: Set<String> = []
    var loginsTemporaryFailed: Located<Int>?
    var loginsFailed: Located<Int>?
    var handshakesFailed: Located<Int>?
    var refused: Located<Int>?
  }

  struct Node: SectionRoot {
    var mistaken: Set<String> = []
    var name: Located<String>?
    var ssh: Located<String>?
    var config: Located<String>?
    var remoteConfig: Located<String>?
    var facts: Located<String>?
    var plan: Located<String>?
    var canary: Located<Bool>?
  }
}
