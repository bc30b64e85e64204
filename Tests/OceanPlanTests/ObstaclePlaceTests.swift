import OceanBase
import OceanPlan
import Testing

@Suite struct ObstaclePlaceTests {
  /// What decides about each obstacle of a service 'one' that listens on 127.0.0.1:110.
  private static let decisive: [(Obstacle, SettingPath)] = [
    (.disabled, "services.one.enabled"),
    (.unreachable, "services.one.listeners.127.0.0.1:110"),
    (.isProxy, "services.one.proxy_from"),
    (.notAProxy, "services.one.proxy_from"),
    (.needsTLS, "services.one.plaintext_login"),
    (.noTLS, "services.one.tls.explicit"),
    (.oldTLS(lowest: .tls13), "services.one.tls.profile"),
    (.access(.block), "server.anti_hammering.max_failures"),
    (.access(.whiteList(0)), "services.one.ip_control.white_list"),
    (.access(.blackList(0)), "services.one.ip_control.black_list"),
    (.access(.defaultAction), "services.one.ip_control.default"),
    (.access(.connectionRate), "server.limits.connections_per_minute"),
    (.access(.connectionsPerIP), "server.limits.connections_per_ip"),
    (.access(.preloginConnections), "server.limits.prelogin_connections"),
    (.access(.maxConnections), "services.one.max_connections"),
  ]

  private let service: Plan.Service

  init() throws { service = try #require(Plan.example?.services.first) }

  /// A provenance in which each setting is in a line of its own.
  private var provenance: Provenance {
    var result = Provenance()
    for (line, path) in Set(Self.decisive.map(\.1)).sorted().enumerated() {
      result[path] = Provenance.Origin(file: "ocean.yaml", line: line + 1, column: 1)
    }
    return result
  }

  @Test(arguments: decisive.indices) func `an obstacle has the place of its setting`(_ index: Int) throws {
    let (obstacle, path) = Self.decisive[index]
    let place = try #require(provenance[path])
    #expect(provenance.place(of: obstacle, at: WayIn(service)) == place)
  }

  @Test func `open files depend on no setting`() {
    #expect(provenance.place(of: .access(.descriptors), at: WayIn(service)) == nil)
  }

  @Test func `what is missing has the place of the section that lacks it`() {
    var provenance = Provenance()
    let section = Provenance.Origin(file: "ocean.yaml", line: 9, column: 3)
    provenance["services.one"] = section
    #expect(provenance.place(of: .noTLS, at: WayIn(service)) == section)
    #expect(provenance.place(of: .unreachable, at: WayIn(service)) == section)
    // A default that nobody wrote.
    #expect(provenance.place(of: .needsTLS, at: WayIn(service)) == nil)
  }
}
