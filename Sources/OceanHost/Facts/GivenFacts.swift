package import OceanCompiler
import OceanSyntax

extension FactsFile {
  /// - Throws: a sentence, if the file at `path` cannot be used.
  package static func read(_ path: String) throws(Failure) -> FactsFile {
    let bytes: [UInt8]
    do {
      bytes = try Files.read(path, limit: Files.planLimit)
    } catch {
      throw Failure("cannot read \(path.isEmpty ? "''" : path): \(error.reason)")
    }
    do {
      return try FactsFile(json: bytes)
    } catch {
      throw Failure("\(path) is not a usable facts file: \(error)".escapedForDisplay)
    }
  }

  /// This host's files. Those below `folder` pretend to be where the config was when the facts were gathered:
  /// relative paths in it mean what they mean there.
  func moving(_ files: FileAccess, from folder: String) -> FileAccess {
    var access = files
    access.directory = { path in
      let actual = files.directory(path)
      return moved(actual, from: folder, to: directory) ?? actual
    }
    return access
  }

  /// The path here of a file that is beside the config there, or below it; nil if it is elsewhere.
  ///
  /// - Parameter folder: where the config is here.
  package func local(_ path: String, in folder: String) -> String? {
    moved(path, from: directory, to: folder)
  }

  /// The facts that a config in `folder` asks for. An address list kept beside the config is read from there:
  /// it is as much a part of what is checked as the config itself.
  ///
  /// - Parameter list: reads such a list.
  package func facts(
    for loaded: LoadedConfig, in folder: String, list: (String) -> Facts.ListFile = { Facts.listFile($0) }
  ) -> Facts {
    let request = loaded.factRequest
    var facts = facts(for: request, defaultDomain: loaded.config.defaultDomain)
    for path in request.listFiles {
      guard let local = local(path, in: folder) else { continue }
      let found = list(local)
      if found != .missing { facts.listFiles[path] = found }
    }
    return facts
  }
}

/// The name of `path` once its directory has been moved; nil if it is elsewhere.
private func moved(_ path: String, from old: String, to new: String) -> String? {
  guard path != old else { return new }
  let prefix = old.hasSuffix("/") ? old : old + "/"
  guard path.hasPrefix(prefix) else { return nil }
  return (new.hasSuffix("/") ? new : new + "/") + path.dropFirst(prefix.count)
}
