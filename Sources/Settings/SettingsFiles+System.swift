// SPDX-License-Identifier: Apache-2.0
// The file system of this host, as the loader sees it.

import SystemKit

extension SettingsFiles {
    /// This host's file system; symbolic links are followed.
    package static let system = SettingsFiles(
        kind: { path in
            // What cannot be looked at is reported by whoever uses it.
            switch (try? HostPath.status(of: path))?.kind {
            case nil: .missing
            case .regular: .file
            case .directory: .directory
            default: .other
            }
        },
        read: { path in
            Result { () throws(SystemCallError) in try HostPath.read(path, limit: ConfigurationDocument.maxBytes) }
        }
    )
}
