import Glibc
import OceanCompiler

/// Finds out where paths lead, and who can change what is there.
extension Files {
  /// The first directory on the way to a file that this user may not enter; nil if all are open.
  package static func closedDirectory(above path: String) -> String? {
    directories(leadingTo: absolute(path)).first {
      faccessat(AT_FDCWD, $0, X_OK, AT_EACCESS) != 0 && errno == EACCES
    }
  }

  static func matches(_ pattern: String) -> [String] {
    var result = glob_t()
    defer { globfree(&result) }
    guard glob(pattern, 0, nil, &result) == 0, let paths = result.gl_pathv else { return [] }
    return (0..<Int(result.gl_pathc)).compactMap { paths[$0].map { String(cString: $0) } }.sorted()
  }

  /// `path` as an absolute path, from the working directory.
  package static func absolute(_ path: String) -> String {
    guard let directory = getcwd(nil, 0) else { return path }
    defer { free(directory) }
    return Path.resolve(path, inside: String(cString: directory))
  }

  /// The one true name of what is at `path`; nil if it does not exist or can not be reached.
  static func real(_ path: String) -> String? {
    guard let real = realpath(path, nil) else { return nil }
    defer { free(real) }
    return String(cString: real)
  }

  /// The directories on the way to an absolute path, from the root on.
  static func directories(leadingTo path: String) -> [String] {
    let names = path.split(separator: "/").dropLast()
    return names.indices.reduce(into: path == "/" ? [] : ["/"]) { directories, index in
      directories.append("/" + names[...index].joined(separator: "/"))
    }
  }

  /// The directories that are passed on the way to an absolute path, those of symbolic links included, each
  /// by its true name; and where the way leads.
  package static func way(to path: String) -> (directories: [String], target: String) {
    var directories: [String] = []
    var current = "/"
    var rest = path.split(separator: "/")[...]
    // The kernel follows as many links.
    var links = 40
    while let name = rest.popFirst() {
      guard name != "." else { continue }
      if !directories.contains(current) { directories.append(current) }
      if name == ".." {
        current = current.lastIndex(of: "/").map { String(current[..<$0]) } ?? ""
        if current.isEmpty { current = "/" }
        continue
      }
      let next = current == "/" ? "/\(name)" : "\(current)/\(name)"
      guard let link = link(at: next), links > 0 else {
        current = next
        continue
      }
      links -= 1
      if link.hasPrefix("/") { current = "/" }
      rest = (link.split(separator: "/") + rest)[...]
    }
    return (directories, current)
  }

  /// The target of a symbolic link; nil for anything else.
  private static func link(at path: String) -> String? {
    var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
    let count = readlink(path, &buffer, buffer.count)
    return count > 0 ? String(decoding: buffer.prefix(count), as: UTF8.self) : nil
  }

  /// Whether everybody on the host has the permission `bit` on what is at `path`.
  static func isOpenToAll(_ path: String, _ bit: mode_t) -> Bool {
    let (directories, target) = way(to: path)
    return has(bit, target) && directories.allSatisfy { has(S_IXOTH, $0) }
  }

  /// The file, and the directories on the way to it, through which everybody on the host can put something
  /// else there: those they can write to, and reach. In a directory with the sticky bit they cannot touch
  /// what is not theirs.
  static func placesWritableByAll(_ path: String) -> [String] {
    let (directories, target) = way(to: path)
    var places: [String] = []
    for directory in directories {
      guard has(S_IXOTH, directory) else { return places }
      if has(S_IWOTH, directory), !has(S_ISVTX, directory) { places.append(directory) }
    }
    if has(S_IWOTH, target), !isDirectory(target) || !has(S_ISVTX, target) { places.append(target) }
    return places
  }

  private static func has(_ bit: mode_t, _ path: String) -> Bool {
    var status = stat()
    // Anything but a file or directory holds nothing: /dev/null is for everybody.
    return stat(path, &status) == 0 && status.st_mode & bit != 0
      && [S_IFREG, S_IFDIR].contains(status.st_mode & S_IFMT)
  }

  /// The directory a file is in, by its one true name; by the given name if it does not exist.
  package static func directory(of path: String) -> String {
    let absolute = absolute(path)
    let folder = absolute.lastIndex(of: "/").map { String(absolute[..<$0]) } ?? ""
    return real(folder.isEmpty ? "/" : folder) ?? (folder.isEmpty ? "/" : folder)
  }
}
