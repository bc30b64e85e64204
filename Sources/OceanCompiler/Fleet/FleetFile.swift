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
  }

  struct Node: SectionRoot {
    var mistaken: Set<String> = []
    var name: Located<String>?
    var ssh: Located<String>?
    var config: Located<String>?
    var remoteConfig: Located<String>?
    var facts: Located<String>?
    var plan: Located<String>?
  }
}
