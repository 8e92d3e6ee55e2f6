// SPDX-License-Identifier: Apache-2.0
// Sets the colours before anything is painted; loaded in the head, since the page may have no code of its own.
'use strict';

(() => {
    let chosen = null;
    try {
        chosen = localStorage.getItem('vigil-theme');
    } catch {
        /* Without a store the system's colours are taken. */
    }
    if (chosen === 'light' || chosen === 'dark') document.documentElement.dataset.theme = chosen;
})();
