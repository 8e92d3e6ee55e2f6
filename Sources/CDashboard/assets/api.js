// SPDX-License-Identifier: Apache-2.0
// Asks the API. A session's cookie shows who asks; the page keeps no token.

import { noteServerTime } from './text.js';

const PREFIX = '/api/v1';

/** Why the API has refused; `status` 0 means that there was no answer. */
export class Refusal extends Error {
    constructor(status, code, detail, retryAfter = null) {
        super(detail);
        Object.assign(this, { status, code, retryAfter });
    }
}

let signedOut = () => {};

/** Says whom to tell that the session is over. */
export function onSignedOut(handler) {
    signedOut = handler;
}

async function refusalOf(response) {
    let problem = {};
    try {
        problem = await response.json();
    } catch {
        /* Whatever stands before the API has its own pages. */
    }
    const detail = problem.detail ?? `The server answered ${response.status} ${response.statusText}.`;
    return new Refusal(response.status, problem.code ?? 'unknown', detail, response.headers.get('Retry-After'));
}

/** Sends a request, and gives the response when it is a success. */
export async function send(method, path, { body, signal, headers = {}, isQuiet = false } = {}) {
    let response;
    try {
        response = await fetch(PREFIX + path, {
            method,
            signal,
            cache: 'no-store',
            redirect: 'error',
            headers: body === undefined ? headers : { ...headers, 'Content-Type': 'application/json' },
            body: body === undefined ? undefined : JSON.stringify(body),
        });
    } catch (error) {
        if (error.name === 'AbortError') throw error;
        throw new Refusal(0, 'no_answer', 'The server does not answer.');
    }
    const date = Date.parse(response.headers.get('Date') ?? '');
    if (date) noteServerTime(date);
    if (response.ok) return response;
    const refusal = await refusalOf(response);
    if (refusal.status === 401 && !isQuiet) signedOut(refusal);
    throw refusal;
}

/** Asks for a document. */
export const get = async (path, options) => (await send('GET', path, options)).json();

/** Has something done. */
export const post = async (path, body) => (await send('POST', path, { body })).json();

/** Has something removed. */
export const remove = async (path) => (await send('DELETE', path)).json();

/** A path with a query; empty values are left out, and lists are repeated. */
export function path(base, query = {}) {
    const pairs = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) {
        for (const one of Array.isArray(value) ? value : [value]) {
            if (one !== null && one !== undefined && one !== '') pairs.append(name, one);
        }
    }
    const text = pairs.toString();
    return text ? `${base}?${text}` : base;
}

const scopes = ['read', 'write', 'admin'];
let caller = null;

/** Who is signed in: `name` and `scope`; null when nobody is. */
export const me = () => caller;

/** Whether whoever is signed in may do what needs a scope. */
export const may = (scope) => caller !== null && scopes.indexOf(caller.scope) >= scopes.indexOf(scope);

/** Looks who is signed in. */
export async function resume() {
    caller = await get('/session', { isQuiet: true });
    return caller;
}

/** Signs in; the token is not kept. */
export async function signIn(token) {
    await send('POST', '/session', { headers: { Authorization: `Bearer ${token}` }, isQuiet: true });
    return resume();
}

/** Signs out. */
export async function signOut() {
    caller = null;
    await send('DELETE', '/session', { isQuiet: true }).catch((refusal) => {
        if (refusal.status !== 401) throw refusal;
    });
}

/** Forgets who was signed in. */
export function forget() {
    caller = null;
}
