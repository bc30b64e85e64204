package import OceanBase
package import OceanCompiler
import OceanPlan
package import OceanSyntax
package import OceanTLS

/// A config file brought together with the facts of this host, or with those that another host wrote to a
/// file.
package struct CompiledConfig {
  package let path: String
  package let loaded: LoadedConfig
  @Indirect package private(set) var facts: Facts
  /// The file the facts are from; nil if they were gathered here.
  package let factsPath: String?
  /// The plan's certificates, from the bytes that were checked; without those that could not be read.
  package let identities: [String: TLSIdentity]
  package let result: Compilation

  /// - Parameters:
  ///   - path: the config's path; `-` for standard input.
  ///   - now: seconds since 1970; nil asks the clock, or takes the time of the facts in `factsPath`.
  ///   - factsPath: a file that `ocean facts` wrote: nothing is gathered here then, and there are no
  ///     identities.
  ///   - overriding: the places of expectations that need not hold.
  ///   - isThorough: looks at long account files for any purpose.
  ///   - archive: the files that are in the config's directory and below it; nil if they are there.
  /// - Throws: a sentence, if the file itself or that of the facts cannot be read.
  package init(
    _ path: String, for purpose: Purpose = .checking, offline: Bool = false, now: Int64? = nil,
    factsPath: String? = nil, overriding: Set<String> = [], isThorough: Bool = false,
    archive: TarArchive? = nil
  ) throws(Failure) {
    let folder = Files.access.directory(path)
    let path = archive == nil ? path : Path.resolve(Path.name(of: path), inside: folder)
    self.path = path
    self.factsPath = factsPath
    let given: FactsFile? = if let factsPath { try .read(factsPath) } else { nil }
    let files =
      archive?.access(inPlaceOf: folder)
      ?? (path == Files.standardInput ? Files.accessWithStandardInput : Files.access)
    do {
      loaded = try loadConfig(path, files: given?.moving(files, from: folder) ?? files)
    } catch {
      throw Failure("cannot read \(path.isEmpty ? "''" : path): \(error.reason)")
    }
    var facts: Facts
    if let given {
      identities = [:]
      facts = given.facts(for: loaded, in: folder)
      if let now { facts.now = now }
    } else {
      let request = loaded.factRequest
      let certificates = GatheredCertificates(request.certificates, profiles: request.profiles)
      identities = certificates.identities
      facts = Facts.gather(
        request, certificates: certificates, defaultDomain: loaded.config.defaultDomain,
        wantsDamage: purpose.wantsDamage, offline: offline,
        isBrief: !purpose.wantsLongFiles && !isThorough, now: now)
    }
    self.facts = facts
    let found = compile(loaded, facts, for: purpose)
    let places = try Self.places(overriding, among: found, loaded.sources)
    result = places.isEmpty ? found : compile(loaded, facts, for: purpose, overriding: places)
  }

  /// A config that was read for another host before, with the facts of that host.
  ///
  /// - Parameters:
  ///   - factsPath: the file that the facts are from; nil if they were asked for.
  ///   - list: reads an address list that is kept beside the config.
  init(
    _ path: String, _ loaded: LoadedConfig, _ given: FactsFile, from factsPath: String?, for purpose: Purpose,
    list: (String) -> Facts.ListFile
  ) {
    self.path = path
    self.loaded = loaded
    self.factsPath = factsPath
    identities = [:]
    let facts = given.facts(for: loaded, in: Files.access.directory(path), list: list)
    self.facts = facts
    result = compile(loaded, facts, for: purpose)
  }

  /// Reads a config as if it were where facts are from.
  static func load(_ path: String, for given: FactsFile) throws(Failure) -> LoadedConfig {
    do {
      return try loadConfig(path, files: given.moving(Files.access, from: Files.access.directory(path)))
    } catch {
      throw Failure("cannot read \(path.isEmpty ? "''" : path): \(error.reason)")
    }
  }

  private init(_ config: CompiledConfig, _ result: Compilation) {
    path = config.path
    loaded = config.loaded
    facts = config.facts
    factsPath = config.factsPath
    identities = config.identities
    self.result = result
  }

  /// The same config, as if broken expectations were overridden; nil unless they are its only errors.
  func despiteExpectations(for purpose: Purpose) -> CompiledConfig? {
    let broken = result.brokenExpectations(in: loaded.sources)
    guard result.plan == nil, !broken.isEmpty, !result.hasOtherErrors else { return nil }
    let other = compile(loaded, facts, for: purpose, overriding: Set(broken.map(\.place)))
    return CompiledConfig(self, other)
  }

  /// The places of broken expectations as they are shown.
  ///
  /// - Parameter given: places as somebody wrote them, with any path that leads to the file.
  /// - Throws: if nothing is broken at one of them. Other mistakes come first: nothing is known of
  ///   expectations then.
  private static func places(
    _ given: Set<String>, among found: Compilation, _ sources: SourceSet
  ) throws(Failure) -> Set<String> {
    guard !given.isEmpty, !found.hasOtherErrors else { return [] }
    let broken = found.brokenExpectations(in: sources)
    var places: Set<String> = []
    for text in given.sorted() {
      guard let place = broken.first(where: { $0.isMeant(by: text) }) else {
        let known = Set(broken.map(\.place)).sorted()
        throw Failure(
          "there is no broken expectation at \(text) to override: "
            + (known.isEmpty
              ? "no expectation is broken" : "the broken ones are at \(known.joined(separator: ", "))"))
      }
      places.insert(place.place)
    }
    return places
  }

  /// The files that decide what the config compiles to on this host.
  package var readFiles: [String] { loaded.inputs.map(\.path) + loaded.factRequest.readFiles }

  /// The places of expectations that do not hold: `/etc/ocean/ocean.yaml:20`.
  package var unmetExpectations: [String] {
    result.unmetExpectations.map { BrokenExpectation($0, in: loaded.sources).place }
  }

  /// How many expectations hold: `6 of 6`.
  package var holding: String {
    "\(result.expectations.count - result.overridden.count) of \(result.expectations.count)"
  }

  /// What this host contributes to compiling the config, as a file for another host.
  package var factsFile: FactsFile {
    var facts = facts
    // All profiles are asked about: somebody may want to check a change of the profile.
    facts.protocols = Facts.protocols(Set(Plan.Service.TLS.Profile.allCases))
    return FactsFile(
      facts, for: loaded.factRequest, directory: Files.access.directory(path),
      defaultDomain: loaded.config.defaultDomain)
  }

  package func count(_ severity: Severity) -> Int { result.diagnostics.count { $0.severity == severity } }
}

/// The place of an expectation that does not hold.
private struct BrokenExpectation {
  private let path: String
  private let line: Int32

  init(_ span: Span, in sources: SourceSet) { (path, line) = (sources.path(span.source), span.start.line) }

  /// As it is shown: `/etc/ocean/ocean.yaml:20`.
  var place: String { "\(path):\(line)" }

  /// - Parameter text: file and line, perhaps with the column that a message shows after them.
  func isMeant(by text: String) -> Bool {
    var parts = text.split(separator: ":", omittingEmptySubsequences: false)
    if parts.count > 2, Int32(parts[parts.count - 1]) != nil, Int32(parts[parts.count - 2]) != nil {
      parts.removeLast()
    }
    guard let line = parts.popLast().flatMap({ Int32($0) }), line == self.line else { return false }
    let file = parts.joined(separator: ":")
    return file == path || Files.absolute(file) == Files.absolute(path)
  }
}

extension Compilation {
  fileprivate func brokenExpectations(in sources: SourceSet) -> [BrokenExpectation] {
    brokenExpectations.map { BrokenExpectation($0, in: sources) }
  }
}
