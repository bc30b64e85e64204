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
    var soak: Located<Int>?
    var batch: Located<Double>?
    var healthy: Located<Health>?
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

  struct Health: SectionRoot {
    var mistaken: Set<String> = []
    var temporaryFailures: Located<Double>?
  }
}
