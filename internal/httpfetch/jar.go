package httpfetch

import (
	"net/http"
	"net/http/cookiejar"
	"net/url"
)

// jar keeps the cookies of one call of r.http, a limited number of them. It knows no list of public suffixes, which is
// acceptable because its cookies live no longer than the call, and come from no other site than those that it leads to.
type jar struct {
	*cookiejar.Jar
	room int
}

func newJar() *jar {
	j, err := cookiejar.New(nil)
	if err != nil { // it never is
		panic(err)
	}
	return &jar{j, maxCookies}
}

func (j *jar) SetCookies(u *url.URL, cookies []*http.Cookie) {
	if len(cookies) > j.room {
		cookies = cookies[:j.room]
	}
	j.room -= len(cookies)
	j.Jar.SetCookies(u, cookies)
}
